"""Bodies that are too large are refused while they arrive, not after."""

from starlette.requests import Request

from semsam_annotate.backend.errors import RequestRefused


async def read_body(request: Request, limit: int) -> bytes:
    """The request's body; RequestRefused (413) as soon as it is longer than ``limit`` bytes."""
    declared = request.headers.get("content-length", "0")
    if not declared.isdigit() or int(declared) > limit:
        raise too_large(limit)
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise too_large(limit)
        chunks.append(chunk)
    return b"".join(chunks)


def too_large(limit: int) -> RequestRefused:
    """The refusal of a body longer than ``limit`` bytes."""
    return RequestRefused(413, f"the body is larger than this server takes ({limit / 1e6:.0f} MB)")

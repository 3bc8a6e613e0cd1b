"""What a request asks an engine to remember or to forget, read with care."""

from dataclasses import dataclass
from typing import Any

from semsam_annotate.api import BadInput, Mask, decode_rle
from semsam_annotate.api.rle import rle_size
from semsam_annotate.backend.bodies import MAX_NAME

MAX_IDS = 100_000


@dataclass(frozen=True)
class RememberRequest:
    """An accepted mask, (H, W) bool of the embedding's image, with its names and the id of its record."""

    mask: Mask
    object: str | None
    part: str | None
    id: str


def parse_remember(body: dict[str, Any], size: tuple[int, int]) -> RememberRequest:
    """From JSON; BadInput for a mask of another size than the image (height, width), before it is decoded."""
    mask = body.get("mask")
    if not isinstance(mask, dict) or rle_size(mask) != size:
        raise BadInput(f'"mask" is a run-length encoded mask of the image\'s size, {size[0]}x{size[1]}')
    return RememberRequest(decode_rle(mask), _name(body, "object"), _name(body, "part"), _text(body.get("id"), '"id"'))


def parse_ids(value: Any) -> list[str]:
    """Ids of records from a JSON list, with a bound on their number."""
    if not isinstance(value, list) or len(value) > MAX_IDS:
        raise BadInput(f'"ids" is a list of at most {MAX_IDS} ids of records')
    return [_text(item, "an id") for item in value]


def _name(body: dict[str, Any], key: str) -> str | None:
    return None if body.get(key) is None else _text(body[key], f'"{key}"')


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > MAX_NAME:
        raise BadInput(f"{what} is a text of 1 to {MAX_NAME} characters")
    return value

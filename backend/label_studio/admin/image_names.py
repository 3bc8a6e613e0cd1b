"""What images are called in an export: by their address in Label Studio, each by another name."""

import re
import uuid
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from semsam_annotate.annotations.record import ImageRef
from semsam_annotate.api import BadInput
from semsam_annotate.backend.label_studio.image_address import of_task

_IDS = uuid.UUID("6f0f9d5e-7f0c-4a53-9f5c-2d6f4f1f4f0e")
_NO_NAMES = re.compile("[\\0-\\x1f\\x7f:\ud800-\udfff]")
"""What no name of a file holds: control characters, halves of characters, the colon of a drive."""


@dataclass
class ExportedImages:
    """The images met so far: one address is one image, whatever its tasks are. ``key``: where it is in a task's data.

    ``addresses``: for fetching, by what stands in ``ImageRef.sha256``.
    """

    key: str
    addresses: dict[str, str] = field(default_factory=dict)
    _refs: dict[str, ImageRef] = field(default_factory=dict)
    _names: set[str] = field(default_factory=set)

    def of(self, task: dict[str, Any], size: tuple[int, int]) -> ImageRef:
        """BadInput when the task has none, or when it has another size in another task."""
        address = task["data"].get(self.key)
        if not isinstance(address, str) or not address:
            raise BadInput(f'there is no image under "{self.key}"')
        try:
            known = self._refs.get(address) or self._new(address, task.get("id"), size)
        except ValueError as error:
            raise BadInput(f"{address[:80]!a} is no address of an image: {str(error)[:100]}") from error
        if (known.height, known.width) != size:
            raise BadInput(f"another task has the same image in {known.width}x{known.height} (width x height)")
        return known

    def _new(self, address: str, task: int | None, size: tuple[int, int]) -> ImageRef:
        digest, name = stable_id(address).hex, file_name(address, task)
        names = (name, f"task-{task}/{name}", f"{digest}/{name}")
        free = next((one for one in names if one not in self._names), names[-1])
        self._names.add(free)
        self.addresses[digest] = of_task(address, task)
        made = self._refs[address] = ImageRef(digest, free, *size)
        return made


def stable_id(said: str) -> uuid.UUID:
    """An id that follows from Label Studio's, so that the same work exported twice is the same file."""
    return uuid.uuid5(_IDS, said)


def file_name(address: str, task: int | None) -> str:
    """What an image is called in the export: its path in Label Studio's files, never one that leads elsewhere."""
    if address.startswith("data:"):
        kind = re.match(r"data:image/(\w{1,8})", address)
        return f"task-{task}.{kind.group(1) if kind else 'image'}"
    pure = PurePosixPath(_NO_NAMES.sub("_", written_name(address).replace("\\", "/")))
    kept = [part for part in pure.parts if part not in ("/", "//", "..", ".")]
    return "/".join(kept) or f"task-{task}"


def written_name(address: str) -> str:
    """The path of an image as its address has it, from Label Studio's folder of uploads or of files on its disk.

    Empty where the address is the image itself.
    """
    if address.startswith("data:"):
        return ""
    parts = urlsplit(address)
    if parts.path.endswith("/data/local-files/"):
        return unquote(parts.query.removeprefix("d=").partition("&")[0])
    _, upload, file = parts.path.partition("/data/upload/")
    return unquote(file.partition("/")[2] if upload else parts.path)

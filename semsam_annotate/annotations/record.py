"""The annotation record: one accepted or rejected mask, with everything that is known about how it came to be."""

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

from semsam_annotate.annotations.field_types import plain, whole
from semsam_annotate.annotations.images import image_sha256
from semsam_annotate.api import BadInput, Ladder, Prompt, RgbImage, Rle

Kind: TypeAlias = Literal["object", "part"]
Status: TypeAlias = Literal["accepted", "rejected", "superseded", "deleted"]
Plane: TypeAlias = tuple[int, ...]
"""z/t indices of a plane of a stack, empty for a plain image."""

KINDS = ("object", "part")
NEW = "new"
"""Review state of a mask that nobody has looked at, or whose reviewer took it back: a record's ``review`` is None."""
STATUSES = ("accepted", "rejected", "superseded", "deleted")


@dataclass(frozen=True)
class ImageRef:
    """An image by the SHA-256 of its oriented pixels; ``path`` with slashes, relative to the project if inside."""

    sha256: str
    path: str
    height: int
    width: int

    def __post_init__(self) -> None:
        for side in ("height", "width"):
            if type(getattr(self, side)) is not int:
                object.__setattr__(self, side, whole(f"{side} of an image", getattr(self, side)))

    @classmethod
    def of(cls, path: Path | str, rgb: RgbImage, root: Path | str | None = None) -> "ImageRef":
        """Reference to ``rgb``, (H, W, 3) uint8 as ``read_image`` gives it, its path relative to ``root`` if inside."""
        absolute = Path(path).absolute()
        shown = absolute.as_posix() if root is None else path_from(Path(root).absolute(), absolute)
        return cls(image_sha256(rgb), shown, int(rgb.shape[0]), int(rgb.shape[1]))


def path_from(root: Path, path: Path) -> str:
    """The path of a file as references have it: from the folder ``root`` if inside, else as it is; with "/"."""
    return (path.relative_to(root) if path.is_relative_to(root) else path).as_posix()


class NamedRecord(NamedTuple):
    """Who a mask belongs to and what it is called, without the mask."""

    id: str
    image: ImageRef
    object: str | None
    part: str | None


@dataclass(frozen=True)
class Source:
    """Where a record came from; unique in a store, so that the same news told twice changes nothing."""

    system: str
    project: str
    external_id: str


@dataclass(frozen=True)
class Annotation:
    """One mask of one image.

    ``mask`` and ``proposed_mask`` (the engine's, before edits): RLE at image size. ``part``: bare name. ``part_of``: id
    of the direct parent, in the same image and plane. ``level``: 1 coarsest … 6 finest. ``score``: predicted IoU.
    ``time``: ISO 8601, UTC. ``seconds``, ``clicks``, ``edits``: what it took. ``ladder``: what was shown, ``rung``:
    index of the chosen one. ``review``: state given by a reviewer. ``split`` and ``group`` belong to the image.
    """

    id: str
    image: ImageRef
    mask: Rle
    kind: Kind = "object"
    plane: Plane = ()
    object: str | None = None
    part: str | None = None
    part_of: str | None = None
    track: str | None = None
    level: int | None = None
    score: float | None = None
    status: Status = "accepted"
    author: str | None = None
    time: str = ""
    seconds: float | None = None
    clicks: int | None = None
    edits: int | None = None
    ladder: Ladder | None = None
    rung: int | None = None
    review: str | None = None
    prompt: Prompt | None = None
    model: str | None = None
    proposed_mask: Rle | None = None
    source: Source | None = None
    supersedes: str | None = None
    split: str | None = None
    group: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        plain: dict[str, Any] = {name: getattr(self, name) for name in self.__dataclass_fields__}
        plain["image"] = asdict(self.image)
        plain["plane"] = list(self.plane)
        for name in ("ladder", "prompt"):
            plain[name] = None if plain[name] is None else plain[name].to_json()
        plain["source"] = None if self.source is None else asdict(self.source)
        return plain

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Annotation":
        """Back from ``to_json``; BadInput when a field is missing, unknown or of the wrong type."""
        try:
            given = dict(value)
            given["image"] = ImageRef(**given["image"])
            given["plane"] = tuple(int(index) for index in given.get("plane") or ())
            for name, kind in (("ladder", Ladder), ("prompt", Prompt)):
                given[name] = None if given.get(name) is None else kind.from_json(given[name])
            given["source"] = None if given.get("source") is None else Source(**given["source"])
            record = cls(**given).plain()
        except (BadInput, KeyError, TypeError, AttributeError, ValueError) as error:
            raise BadInput(f"not an annotation record: {error}") from error
        if record.kind not in KINDS or record.status not in STATUSES:
            raise BadInput(f"not an annotation record: kind {record.kind!r}, status {record.status!r}")
        return record

    def plain(self) -> "Annotation":
        """With numpy's numbers as Python's, which alone can be stored; BadInput naming a field of a wrong type."""
        wanted = {"image": ImageRef, "mask": dict, "proposed_mask": dict, "ladder": Ladder, "prompt": Prompt}
        for name, kind in {**wanted, "source": Source}.items():
            found = getattr(self, name)
            if not isinstance(found, kind) and not (found is None and name not in ("image", "mask")):
                raise BadInput(f"{name} cannot be {found!r:.80}: it has to be a {kind.__name__}")
        if not isinstance(self.plane, tuple | list):
            raise BadInput(f"plane cannot be {self.plane!r:.80}: it has to be a tuple of indices")
        plane = tuple(whole("an index of a plane", index) for index in self.plane)
        return replace(self, plane=plane, **plain(vars(self)))

    def with_(self, **changes: Any) -> "Annotation":
        """A copy with some fields changed."""
        return replace(self, **changes)

"""Writing shards: whole ones only; a writer that was stopped or killed goes on, and the end has the same bytes."""

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from semsam_annotate.annotations.files import write_atomically
from semsam_annotate.api import BadInput
from semsam_annotate.api.lock import held
from semsam_annotate.training.data.encoding import to_jpeg
from semsam_annotate.training.data.entry import ImageEntry
from semsam_annotate.training.data.record import TrainingImage
from semsam_annotate.training.data.shards.index import INDEX, Shard, ShardIndex, read_index, shard_name
from semsam_annotate.training.data.shards.sample import annotation_to_json
from semsam_annotate.training.data.shards.table import dump_table
from semsam_annotate.training.data.shards.tar import TarShard

PROBED = 16
"""Images, evenly spaced, by whose annotations the input is known again."""

NO_MASKS = "without masks"
UNREADABLE = "unreadable"


class Images(Protocol):
    """What is written: any reader of a data set."""

    def __len__(self) -> int: ...

    def entry(self, index: int) -> ImageEntry:
        """One image; BadInput when its annotation cannot be read."""


@dataclass(frozen=True)
class ShardSettings:
    """``shard_bytes``: a tar that has reached it is closed. ``max_side``: longer side of an image in pixels at most."""

    shard_bytes: int = 256 << 20
    max_side: int = 1024
    quality: int = 90

    def __post_init__(self) -> None:
        if self.shard_bytes < 1 or self.max_side < 1 or not 1 <= self.quality <= 95:
            raise BadInput("a shard has at least a byte, an image at least a pixel, and JPEG a quality from 1 to 95")


def write_shards(
    images: Images,
    folder: Path,
    settings: ShardSettings = ShardSettings(),
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> ShardIndex:
    """Write all images that have masks and can be read; go on where an earlier call with the same input stopped.

    Raises BadInput when the folder holds something else, another process is writing there, or no image is usable.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with held(folder / ".lock", f"shards are being written to {folder} already"):
        for stale in folder.glob(".shard*"):  # of a writer that was killed
            stale.unlink()
        index = _begun(folder, len(images), asdict(settings) | {"input": fingerprint(images)})
        progress(index.read, index.total)
        while not index.finished:
            index = _next_shard(images, folder, index, settings, progress)
            index.write(folder)
    if not index.images:
        raise BadInput(f"no image with masks could be read: {told(index.left_out)}; semsam data check tells more")
    return index


def fingerprint(images: Images) -> str:
    """Digest of some annotations: the same after the data were moved, another one with other data or names."""
    digest = hashlib.sha256()
    for index in sorted({len(images) * number // PROBED for number in range(PROBED)} if len(images) else ()):
        digest.update(_annotation(images, index).encode())
    return digest.hexdigest()


def told(left_out: Mapping[str, int]) -> str:
    """What was left out, for a person."""
    return ", ".join(f"{count:,} {reason}" for reason, count in left_out.items()) or "none"


def _annotation(images: Images, index: int) -> str:
    try:
        entry = images.entry(index)
    except BadInput:
        return UNREADABLE
    names = (entry.objects, entry.parts, sorted(entry.exhaustive), entry.kinds, entry.parents)
    return repr((entry.path.name, entry.height, entry.width, entry.segments, names))


def _begun(folder: Path, total: int, made: dict[str, Any]) -> ShardIndex:
    """The index as far as its shards are there, or a new one."""
    if not (folder / INDEX).exists():
        if any(not path.name.startswith((".", "shard-")) for path in folder.iterdir()):
            raise BadInput(f"{folder} holds something else: name an empty folder for the shards")
        return ShardIndex(made, total)
    index = read_index(folder)
    if index.made != made or index.total != total:
        raise BadInput(f"{folder} holds shards of other data or settings: name an empty folder")
    for shard in index.shards:
        if (
            not all((folder / name).is_file() for name in (shard.tar, shard.table))
            or _size(folder, shard) != shard.bytes
        ):
            raise BadInput(f"{folder / shard.tar} is finished, but not there any more: name an empty folder")
    return index


def _size(folder: Path, shard: Shard) -> int:
    return (folder / shard.tar).stat().st_size


def _next_shard(
    images: Images, folder: Path, index: ShardIndex, settings: ShardSettings, progress: Callable[[int, int], None]
) -> ShardIndex:
    """With one more shard, or with what is left when nothing of it is usable."""
    read, left_out = index.read, Counter[str]()
    with TarShard(folder / f"{shard_name(len(index.shards))}.tar") as tar:
        while read < index.total and tar.size < settings.shard_bytes:
            found = _loaded(images, read, settings.max_side)
            if isinstance(found, str):
                left_out[found] += 1
            else:
                entry, sample = found
                photo, text = to_jpeg(sample.image, settings.quality), annotation_to_json(sample, entry)
                key = f"{index.images + len(tar.rows):09d}"
                tar.add(key, text, photo, len(sample), (entry.source, entry.license_class))
            read += 1
            progress(read, index.total)
        if not tar.rows:
            return index.add(None, read, left_out)
        return index.add(_closed(tar), read, left_out)


def _closed(tar: TarShard) -> Shard:
    """The shard in its place, its table beside it."""
    table = dump_table(tar.rows)
    write_atomically(tar.path.with_suffix(".json"), table)
    size, digest = tar.finish()
    masks = sum(row.masks for row in tar.rows)
    return Shard(tar.path.stem, len(tar.rows), masks, size, digest, hashlib.sha256(table).hexdigest())


def _loaded(images: Images, index: int, max_side: int) -> tuple[ImageEntry, TrainingImage] | str:
    """An image, or why it is left out."""
    try:
        entry = images.entry(index)
        if not len(entry):
            return NO_MASKS
        sample = entry.load(max_side)
    except BadInput:
        return UNREADABLE
    return (entry, sample) if len(sample) else NO_MASKS

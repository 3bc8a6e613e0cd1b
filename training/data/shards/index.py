"""``shards.json``: the finished shards of a folder and how far the writer has come."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from semsam_annotate.annotations.files import write_atomically
from semsam_annotate.api import BadInput
from semsam_annotate.training.data.encoding import to_json

INDEX = "shards.json"
FORMAT = "semsam-shards"
VERSION = 1
_NAME = re.compile(r"shard-\d{6}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Shard:
    """One tar: its name without suffix, numbers of images and masks, size in bytes, digests of the tar and its table.

    Raises BadInput for a name that is not of our making, such as one that leaves the folder.
    """

    name: str
    images: int
    masks: int
    bytes: int
    sha256: str
    table_sha256: str

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise BadInput(f"{self.name!r:.60} is no name of a shard, which is shard- and six digits")
        if min(self.images, self.masks, self.bytes) < 0:
            raise BadInput(f"{self.name} cannot have a negative number of anything")
        if not _DIGEST.fullmatch(self.sha256) or not _DIGEST.fullmatch(self.table_sha256):
            raise BadInput(f"the digests of {self.name} are not SHA-256")

    @property
    def tar(self) -> str:
        """File name of the images."""
        return f"{self.name}.tar"

    @property
    def table(self) -> str:
        """File name of their places."""
        return f"{self.name}.json"


@dataclass(frozen=True)
class ShardIndex:
    """``made``: settings and fingerprint of the input; ``total``: its images; ``read``: how many are dealt with;
    ``left_out``: images that are in no shard, by the reason.
    """

    made: Mapping[str, Any]
    total: int
    read: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)
    shards: tuple[Shard, ...] = ()

    @property
    def finished(self) -> bool:
        """Whether the writer came to the end."""
        return self.read == self.total

    @property
    def images(self) -> int:
        """Images in the shards."""
        return sum(shard.images for shard in self.shards)

    @property
    def masks(self) -> int:
        """Masks in the shards."""
        return sum(shard.masks for shard in self.shards)

    @property
    def bytes(self) -> int:
        """Size of the tars."""
        return sum(shard.bytes for shard in self.shards)

    def add(self, shard: Shard | None, read: int, left_out: Mapping[str, int]) -> "ShardIndex":
        """With one more shard (None: nothing was left to write) and what was left out meanwhile."""
        reasons = sorted({*self.left_out, *left_out})
        lost = {reason: self.left_out.get(reason, 0) + left_out.get(reason, 0) for reason in reasons}
        return replace(self, read=read, left_out=lost, shards=self.shards if shard is None else (*self.shards, shard))

    def write(self, folder: Path) -> None:
        """Write ``shards.json``, all or nothing."""
        write_atomically(folder / INDEX, to_json({"format": FORMAT, "version": VERSION, **asdict(self)}))


def read_index(folder: Path) -> ShardIndex:
    """The index of a folder, finished or not; BadInput when there is none, or it is damaged or of another program."""
    path = Path(folder) / INDEX
    try:
        content = json.loads(path.read_bytes())
        if content["format"] != FORMAT or content["version"] != VERSION:
            raise BadInput(f"this is no index of shards of version {VERSION}; write them again with this program")
        shards = tuple(Shard(**_typed(Shard, row)) for row in content["shards"])
        rest = {key: content[key] for key in ("made", "total", "read", "left_out")}
        counts = [rest["total"], rest["read"], *rest["left_out"].values()]
        told = (
            isinstance(rest["made"], dict)
            and isinstance(content["shards"], list)
            and all(type(count) is int for count in counts)
        )
        if not told or not 0 <= rest["read"] <= rest["total"]:
            raise ValueError("it does not tell how far the writer came")
    except FileNotFoundError as error:
        raise BadInput(f"{folder} holds no shards: there is no {INDEX}") from error
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from error
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise BadInput(f"{path} is damaged or something else: {error!r:.100}") from error
    if [shard.name for shard in shards] != [shard_name(number) for number in range(len(shards))]:
        raise BadInput(f"{path} does not list its shards one after the other")
    return ShardIndex(**rest, shards=shards)


def shard_name(number: int) -> str:
    """Name of a shard without suffix."""
    return f"shard-{number:06d}"


def _typed(kind: type[Shard], row: dict[str, Any]) -> dict[str, Any]:
    """The fields of a row, each of its type exactly."""
    if row.keys() != {item.name for item in fields(kind)} or any(
        type(row[item.name]) is not item.type for item in fields(kind)
    ):
        raise ValueError("a shard has other fields")
    return row

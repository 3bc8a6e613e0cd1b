"""Reading every byte of the shards: whether they are what their index says, and nothing else."""

import hashlib
import tarfile
from collections.abc import Iterator
from pathlib import Path

from semsam_annotate.training.data import problem
from semsam_annotate.training.data.problem import Problem
from semsam_annotate.training.data.shards.index import Shard
from semsam_annotate.training.data.shards.table import Table


def audit(folder: Path, shard: Shard, table: Table) -> Iterator[Problem]:
    """What is wrong with a tar. Members are looked at, never unpacked, links never followed."""
    path = folder / shard.tar
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest != shard.sha256:
            yield Problem(problem.SHARD_DIGEST, shard.tar)
        yield from _members(path, table)
    except (OSError, tarfile.TarError, EOFError, ValueError, OverflowError) as error:
        yield Problem(problem.SHARD_DAMAGED, shard.tar, str(error))


def _members(path: Path, table: Table) -> Iterator[Problem]:
    """Members that are not those of the table: other names, links, folders, devices, other places."""
    rows = (table.row(index) for index in range(len(table)))
    places = {place for row in rows for place in ((row.offset, row.text), (row.photo_offset, row.photo))}
    with tarfile.open(path, "r:") as tar:
        for member in tar:
            where = f"{path.name}, member {member.name}"
            if not member.isreg() or member.issparse():
                yield Problem(problem.NOT_A_FILE, where)
            elif "/" in member.name or "\\" in member.name or member.name.startswith("."):
                yield Problem(problem.MEMBER_LEAVES, where)
            elif (member.offset_data, member.size) not in places:
                yield Problem(problem.UNLISTED_MEMBER, where)

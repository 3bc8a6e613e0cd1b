"""Shards: WebDataset's layout (tars whose members share a basename an image) with an index for exact places.

A folder holds ``shard-000000.tar`` and so on, beside each a table ``shard-000000.json`` with the places of its
images, and ``shards.json``, which lists the finished shards with their digests. What is read is checked against them;
nothing is unpacked, nothing is unpickled.
"""

from semsam_annotate.training.data.shards.index import INDEX, Shard, ShardIndex, read_index
from semsam_annotate.training.data.shards.order import EpochOrder, Part, Position
from semsam_annotate.training.data.shards.writer import ShardSettings, write_shards

__all__ = [
    "INDEX",
    "EpochOrder",
    "Part",
    "Position",
    "Shard",
    "ShardIndex",
    "ShardSettings",
    "read_index",
    "write_shards",
]

"""Tables of the annotation store. Rows are only ever inserted: what changes is told by events.

``standing`` and ``tally`` alone are changed: they repeat what the events add up to, so that nobody has to add it up.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

metadata = MetaData()

_Json = JSON(none_as_null=True)

schema_version = Table(
    "semsam_schema",
    metadata,
    Column("version", Integer, primary_key=True),
)

image = Table(
    "image",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("path", String, nullable=False),
    Column("height", Integer, nullable=False),
    Column("width", Integer, nullable=False),
)

image_split = Table(
    "image_split",
    metadata,
    Column("sha256", String(64), ForeignKey("image.sha256"), primary_key=True),
    Column("split", String, nullable=False),
    Column("group_name", String, index=True),
)

annotation = Table(
    "annotation",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("sha256", String(64), ForeignKey("image.sha256"), nullable=False, index=True),
    Column("plane", _Json, nullable=False),
    Column("mask", _Json, nullable=False),
    Column("kind", String, nullable=False),
    Column("object", String),
    Column("part", String),
    Column("part_of", String, ForeignKey("annotation.id"), index=True),
    Column("track", String),
    Column("level", Integer),
    Column("score", Double),
    Column("author", String),
    Column("time", String, nullable=False),
    Column("seconds", Double),
    Column("clicks", Integer),
    Column("edits", Integer),
    Column("ladder", _Json),
    Column("rung", Integer),
    Column("prompt", _Json),
    Column("model", String),
    Column("proposed_mask", _Json),
    Column("source_system", String),
    Column("source_project", String),
    Column("source_id", String),
    Column("supersedes", String, index=True),  # no foreign key: an imported record may outlive what it replaced
    UniqueConstraint("source_system", "source_project", "source_id", name="one_record_per_source"),
)

event = Table(
    "event",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("annotation", String, ForeignKey("annotation.id"), nullable=False),
    Column("name", String, nullable=False),  # "status", "review" or "heir": the id that stands for a superseded one
    Column("value", String, nullable=False),
    Column("author", String),
    Column("time", String, nullable=False),
    Column("comment", String),
)
Index("event_of", event.c.annotation, event.c.name, event.c.seq)

journal = Table(
    "journal",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("sha256", String(64), ForeignKey("image.sha256"), nullable=False),
    Column("plane", String, nullable=False),  # indices with commas between them
    Column("author", String),
    Column("kind", String, nullable=False),  # "do", "undo" or "redo"
    Column("of", BigInteger),  # the step that an undo or redo is about
    Column("title", String, nullable=False),
    Column("gone", _Json, nullable=False),
    Column("brought", _Json, nullable=False),
    Column("said", _Json),  # reviews: [id, what counted before, what was said], each [state, reviewer, comment]
    Column("time", String, nullable=False),
)
Index("journal_of", journal.c.sha256, journal.c.plane, journal.c.seq)

image_state = Table(
    "image_state",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("sha256", String(64), ForeignKey("image.sha256"), nullable=False),
    Column("state", String, nullable=False),  # "open", "done" or "skipped"
    Column("author", String),
    Column("time", String, nullable=False),
)
Index("image_state_of", image_state.c.sha256, image_state.c.seq)

standing = Table(
    "standing",
    metadata,
    Column("annotation", String, ForeignKey("annotation.id"), primary_key=True),
    Column("status", String, nullable=False),  # the newest of its events; with an index SQLite would begin at it
    Column("review", String, index=True),
)

tally = Table(
    "tally",
    metadata,
    Column("sha256", String(64), ForeignKey("image.sha256"), primary_key=True),
    Column("accepted", Integer, nullable=False),  # records of the image that are accepted now
    Column("scored", Integer, nullable=False),  # those of them that have a score, and the scores' sum
    Column("score_sum", Double, nullable=False),
    Column("said", String),  # the newest state of the image
    Column("changed", BigInteger, nullable=False, index=True),  # rises with every change in the store
)

audit = Table(
    "audit",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("what", String, nullable=False),  # "merge", "forget", "repair" or "restore"
    Column("counts", _Json, nullable=False),  # how many of what, never a name
    Column("time", String, nullable=False),
)

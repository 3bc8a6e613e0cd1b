"""Masks that a training or a try of the loop knew, told by the number of the store's last event then.

A list of their ids would be 40 MB of a million masks.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from semsam_annotate.annotations.connection import transaction
from semsam_annotate.annotations.retraining.plain_masks import untested_masks
from semsam_annotate.annotations.schema import event
from semsam_annotate.annotations.store import AnnotationStore


@dataclass(frozen=True)
class KnownMasks:
    """What was accepted after the store's event number ``seq``, called ``event``, without the ids ``without``; and the
    ids ``besides``. Of number 0, nothing but those: a store's first event is number 1."""

    seq: int = 0
    event: str = ""
    without: frozenset[str] = frozenset()
    besides: frozenset[str] = frozenset()

    @classmethod
    def now(cls, connection: Connection) -> "KnownMasks":
        """All that are accepted."""
        last = connection.execute(select(event).order_by(event.c.seq.desc()).limit(1)).first()
        return cls() if last is None else cls(last.seq, _name(last))

    @classmethod
    def in_store(cls, store: AnnotationStore) -> "KnownMasks":
        """All that are accepted in a store."""
        with transaction(store.engine) as connection:
            return cls.now(connection)

    @classmethod
    def of(cls, store: AnnotationStore, ids: frozenset[str]) -> "KnownMasks":
        """These ids, by what is accepted now if that is shorter; masks of test images, which never count, left out."""
        with transaction(store.engine, steady=True) as connection:
            now, left, without = cls.now(connection), set(ids), set[str]()
            for id in connection.execute(untested_masks()).scalars():
                if id in ids:
                    left.discard(id)
                else:
                    without.add(id)
                    if len(without) > len(ids):
                        return cls(besides=ids)
        return cls(now.seq, now.event, frozenset(without), frozenset(left))

    @classmethod
    def from_json(cls, value: Any) -> "KnownMasks":
        """Back from ``to_json``, or from a list of ids, as older versions wrote it; one of ``DAMAGED`` of others."""
        if isinstance(value, list):
            return cls(besides=frozenset(map(str, value)))
        without, besides = (frozenset(map(str, list(value[name]))) for name in ("without", "besides"))
        return cls(int(value["seq"]), str(value["event"]), without, besides)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        lists = {"without": sorted(self.without), "besides": sorted(self.besides)}
        return {"seq": self.seq, "event": self.event, **lists}

    def holds(self, connection: Connection) -> bool:
        """Whether it is this store's, and numbers of events mean the same as then.

        After an older copy was put back, or the author of the last event forgotten, new events may bear old numbers.
        """
        if not self.seq:
            return True
        found = connection.execute(select(event).where(event.c.seq == self.seq)).first()
        return found is not None and _name(found) == self.event

    def knows(self, id: str, was: str | None) -> bool:
        """Whether a mask is among them; ``was``: its status after the event number ``seq``."""
        return (was == "accepted" and id not in self.without) or id in self.besides


def _name(row: Row[Any]) -> str:
    return f"{row.annotation} {row.time}"

"""Which part belongs to which: a parent exists, lies in the same image and plane, and is never its own descendant."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from semsam_annotate.annotations.outgoing import Light
from semsam_annotate.annotations.record import Annotation
from semsam_annotate.api import BadInput

_Key = TypeVar("_Key", str, int)
Node = TypeVar("Node", Light, Annotation)


def check_parent(child: Annotation, find: Callable[[str], Annotation | None], replaces: str | None = None) -> None:
    """Raise BadInput unless ``child.part_of`` is a parent that ``child`` can have.

    ``find`` gives a record by id, its own ``part_of`` already following corrections. ``replaces``: the id that
    ``child`` stands in for, so its descendants are the child's descendants.
    """
    if child.part_of is None:
        return
    parent = find(child.part_of)
    if parent is None:
        raise BadInput(f"part_of {child.part_of} is not in the store: accept the object before its parts")
    if parent.status != "accepted":
        raise BadInput(f"part_of {child.part_of} is {parent.status}: a parent must be accepted")
    if parent.image.sha256 != child.image.sha256:
        raise BadInput(f"part_of {child.part_of} lies in another image ({parent.image.path}, not {child.image.path})")
    if parent.plane != child.plane:
        raise BadInput(f"part_of {child.part_of} lies in plane {parent.plane}, not {child.plane}")
    above: Annotation | None = parent
    seen: set[str] = set()
    while above is not None and above.id not in seen:
        if above.id in (child.id, replaces):
            raise BadInput(f"part_of {child.part_of} would make a circle: it is itself a part of this annotation")
        seen.add(above.id)
        above = None if above.part_of is None else find(above.part_of)


def parents_first(parents: Mapping[_Key, _Key | None]) -> list[_Key]:
    """Order ids so that every parent comes before its children; BadInput naming the ids of a circle.

    ``parents``: each id's parent or None; a parent that is not itself a key counts as already there.
    """
    ordered: dict[_Key, None] = {}
    for start in parents:
        chain: dict[_Key, None] = {}
        node: _Key | None = start
        while node is not None and node in parents and node not in ordered:
            if node in chain:
                raise BadInput(f"part_of goes round in a circle: {', '.join(str(key) for key in chain)}")
            chain[node] = None
            node = parents[node]
        ordered.update(dict.fromkeys(reversed(chain)))
    return list(ordered)


def needed_first(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of records as they came, but none before its parent or what it corrects; BadInput for a circle.

    After ``forget`` a parent may be the later one.
    """
    waiting, placed, missing = rows, list[dict[str, Any]](), {row["id"] for row in rows}
    while waiting:
        left = []
        for row in waiting:
            if missing.isdisjoint((row["part_of"], row["supersedes"])):
                placed.append(row)
                missing.discard(row["id"])
            else:
                left.append(row)
        if len(left) == len(waiting):
            raise BadInput(f"masks go round in a circle, such as {left[0]['id']}: check that project first")
        waiting = left
    return placed


def root_of(record: Annotation, by_id: Mapping[str, Annotation]) -> Annotation:
    """The topmost ancestor that is in ``by_id``, the record itself when it has none."""
    seen = {record.id}
    while record.part_of is not None and record.part_of in by_id and record.part_of not in seen:
        record = by_id[record.part_of]
        seen.add(record.id)
    return record


def object_of(record: Node, by_id: Mapping[str, Node]) -> Node | None:
    """The record itself or the nearest object above it, None where the way up ends without one."""
    seen: set[str] = set()
    above: Node | None = record
    while above is not None and above.kind != "object" and above.id not in seen:
        seen.add(above.id)
        above = by_id.get(above.part_of or "")
    return None if above is None or above.kind != "object" else above


def in_order(records: Iterable[Annotation]) -> Sequence[Annotation]:
    """Records sorted so that two stores with the same content give the same files: by time, then id."""
    return sorted(records, key=lambda record: (record.time, record.id))

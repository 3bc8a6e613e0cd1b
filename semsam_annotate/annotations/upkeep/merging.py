"""Bringing another project's work into this one, without doubles; merging again changes nothing."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from os.path import abspath
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, select

from semsam_annotate.annotations.connection import AT_ONCE, transaction
from semsam_annotate.annotations.hierarchy import needed_first
from semsam_annotate.annotations.outgoing import batches
from semsam_annotate.annotations.project import Project
from semsam_annotate.annotations.record import ImageRef, path_from
from semsam_annotate.annotations.rows import event_row, insert_image
from semsam_annotate.annotations.schema import annotation, event, image_split, image_state, standing
from semsam_annotate.annotations.splits import Split, assign_split
from semsam_annotate.annotations.standing import rebuild
from semsam_annotate.annotations.upkeep.trail import note
from semsam_annotate.api import BadInput, rle_iou

DOUBLE = 0.95
"""IoU from which two masks of one author with one name are one mask, as on a ladder."""


@dataclass
class MergeReport:
    """``added``: masks that are new here; ``known``: by id or source; ``doubles``: drawn here by the same author.

    ``events``: what happened to known masks since; ``splits``: images whose split is another one here, where it stays.
    """

    images: int = 0
    added: int = 0
    known: int = 0
    doubles: int = 0
    events: int = 0
    missing_files: int = 0
    splits: list[str] = field(default_factory=list)

    def line(self) -> str:
        """For a person."""
        counts = {"already here": self.known, "drawn here too": self.doubles, "newer events": self.events}
        counts |= {"images whose file is missing": self.missing_files}
        text = f"{self.added} masks and {self.images} images added"
        text += "".join(f"; {number} {what}" for what, number in counts.items() if number)
        shown = ", ".join(self.splits[:3]) + (" …" if len(self.splits) > 3 else "")
        return text + (f"; {len(self.splits)} images keep the split they have here: {shown}" if self.splits else "")

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)


def merge(project: Project, other: Project, progress: Callable[[int, int], None] | None = None) -> MergeReport:
    """Take every image, mask and event of ``other`` that is not here yet, in one transaction; ``other`` is only read.

    Its classes and folders of images join the project. Steps of its journal stay there: each project undoes its own.
    """
    if project.folder.resolve() == other.folder.resolve() or project.store.engine.url == other.store.engine.url:
        raise BadInput("a project cannot be merged with itself")
    report = MergeReport()
    refs = {ref.sha256: ref for ref in other.store.images()}
    with (
        transaction(other.store.engine, steady=True) as theirs,
        transaction(project.store.engine, write=True) as ours,
    ):
        known = {ref.sha256 for ref in project.store.images()}
        done = 0
        for batch in batches(refs):
            for sha in batch:
                insert_image(ours, _placed(project, other, refs[sha], report))
                report.images += sha not in known
            _take_splits(theirs, ours, batch, refs, report)
            _take_states(theirs, ours, batch)
            _take_records(theirs, ours, batch, report)
            done += len(batch)
            if progress is not None:
                progress(done, len(refs))
        if report.added or report.events or report.images:
            rebuild(ours)
            note(ours, "merge", {"masks": report.added, "images": report.images, "events": report.events})
    _take_classes(project, other)
    return report


def _placed(project: Project, other: Project, ref: ImageRef, report: MergeReport) -> ImageRef:
    """The reference with a path that leads from this project to the file."""
    try:
        path = other.image_path(ref)
    except BadInput:
        report.missing_files += 1
        path = other.folder / ref.path
    return ImageRef(ref.sha256, path_from(project.folder, Path(abspath(path))), ref.height, ref.width)


def _take_classes(project: Project, other: Project) -> None:
    parts: list[tuple[str | None, str]] = []
    for item in other.config.parts:
        parts += [(owner, item.name) for owner in item.objects] or [(None, item.name)]
    project.add_classes([item.name for item in other.config.objects], parts)
    entries = [other.folder / entry for entry in other.config.images]
    project.add_images([entry for entry in entries if entry.exists()])


def _take_splits(
    theirs: Connection, ours: Connection, batch: list[str], refs: Mapping[str, ImageRef], report: MergeReport
) -> None:
    for row in theirs.execute(select(image_split).where(image_split.c.sha256.in_(batch))).mappings():
        given = assign_split(ours, row["sha256"], Split(row["split"], row["group_name"]))
        if given.split != row["split"]:
            report.splits.append(refs[row["sha256"]].path)


def _take_states(theirs: Connection, ours: Connection, batch: list[str]) -> None:
    """What was said of images later than anything that was said here."""
    here = _by(ours, image_state.c.sha256, batch)
    for sha, rows in _by(theirs, image_state.c.sha256, batch).items():
        newest = max((row["time"] for row in here.get(sha, [])), default="")
        fresh = [_without_seq(row) for row in rows if row["time"] > newest]
        if fresh:
            ours.execute(insert(image_state), fresh)


def _take_records(theirs: Connection, ours: Connection, batch: list[str], report: MergeReport) -> None:
    rows = [row for found in _by(theirs, annotation.c.sha256, batch).values() for row in found]
    if not rows:
        return
    rows.sort(key=lambda row: row["seq"])
    events = _events(theirs, batch)
    here = _Here(ours, batch, [row["id"] for row in rows])
    stands_for: dict[str, str] = {}
    by_source = set[str]()
    fresh = []
    for row in rows:
        known = here.known(row)
        double = None if known else here.double(row, events[row["id"]])
        report.known, report.doubles = report.known + bool(known), report.doubles + bool(double)
        stands_for[row["id"]] = known or double or row["id"]
        by_source |= {row["id"]} if known and known != row["id"] else set()
        if not known and not double:
            fresh.append(_without_seq(dict(row)))
    for row in fresh:
        row["part_of"] = stands_for.get(row["part_of"], row["part_of"])
        row["supersedes"] = stands_for.get(row["supersedes"], row["supersedes"])
    if fresh:
        ours.execute(insert(annotation), needed_first(fresh))
    report.added += len(fresh)
    _give_way(ours, fresh, stands_for, events, here)
    told = here.events
    for row in rows:
        id, same = stands_for[row["id"]], stands_for[row["id"]] == row["id"]
        if same or row["id"] in by_source:  # of doubles, what was said there is about another record
            newest = {one["name"]: one["time"] for one in told.get(id, [])}
            later = [one for one in events[row["id"]] if one["time"] > newest.get(one["name"], "")]
            later = [{**one, "annotation": id, "value": stands_for.get(one["value"], one["value"])} for one in later]
            later = [one for one in later if same or one["name"] == "review"]
            if later:
                ours.execute(insert(event), later)
            report.events += len(later) if newest else 0


def _give_way(
    ours: Connection, fresh: list[dict[str, Any]], stands_for: dict[str, str], events: Any, here: "_Here"
) -> None:
    """A record here that has a correction there, under another id, is superseded as the one there was."""
    others = {here_id for there_id, here_id in stands_for.items() if there_id != here_id}
    for row in fresh:
        old, author, time = row["supersedes"], row["author"], row["time"]
        last = [one["value"] for one in here.events.get(old or "", []) if one["name"] == "status"][-1:]
        alive = [one["value"] for one in events[row["id"]] if one["name"] == "status"][-1:] != ["deleted"]
        if old in others and last == ["accepted"] and alive:
            ours.execute(insert(event), event_row(old, "status", "superseded", author, time))


class _Here:
    """What this project has of some images."""

    def __init__(self, connection: Connection, batch: list[str], ids: list[str]) -> None:
        self._connection = connection
        self.events = _events(connection, batch)
        self._by_look: dict[tuple[Any, ...], list[Any]] = defaultdict(list)
        self.ids = set[str]()
        for start in range(0, len(ids), AT_ONCE):
            same = select(annotation.c.id).where(annotation.c.id.in_(ids[start : start + AT_ONCE]))
            self.ids |= set(connection.execute(same).scalars())
        query = select(annotation, standing.c.status).join_from(annotation, standing)
        for row in connection.execute(query.where(annotation.c.sha256.in_(batch))).mappings():
            if row["status"] in ("accepted", "superseded"):
                self._by_look[_look(dict(row))].append(row)

    def known(self, row: Mapping[str, Any]) -> str | None:
        """The id of the same record here."""
        if row["id"] in self.ids or row["source_id"] is None:
            return row["id"] if row["id"] in self.ids else None
        names = ("source_system", "source_project", "source_id")
        source = [annotation.c[name] == row[name] for name in names]
        return self._connection.execute(select(annotation.c.id).where(*source)).scalar()

    def double(self, row: Mapping[str, Any], events: list[dict[str, Any]]) -> str | None:
        """The id of a mask here that the same author drew on the same pixels under the same name, accepted if possible.

        One that was corrected since, there or here, is the same still: its corrections are corrections of one mask.
        """
        status = [one["value"] for one in events if one["name"] == "status"][-1:]
        if row["author"] is None or status not in (["accepted"], ["superseded"]):
            return None
        alike = (one for one in self._by_look[_look(row)] if rle_iou(one["mask"], row["mask"]) >= DOUBLE)
        ranked = sorted(alike, key=lambda one: one["status"])
        return ranked[0]["id"] if ranked else None


def _look(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return (row["sha256"], *row["plane"], row["author"], row["kind"], row["object"], row["part"])


def _events(connection: Connection, batch: list[str]) -> dict[str, list[dict[str, Any]]]:
    query = select(event).join(annotation, annotation.c.id == event.c.annotation)
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    rows = connection.execute(query.where(annotation.c.sha256.in_(batch)).order_by(event.c.seq)).mappings()
    for row in rows:
        found[row["annotation"]].append(_without_seq(dict(row)))
    return found


def _by(connection: Connection, column: Any, batch: list[str]) -> dict[str, list[dict[str, Any]]]:
    table = column.table
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in connection.execute(select(table).where(column.in_(batch)).order_by(table.c.seq)).mappings():
        found[row["sha256"]].append(dict(row))
    return found


def _without_seq(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "seq"}

"""Bringing another project's work into this one, without doubles; merging again changes nothing."""

from collections.abc import Callable, Mapping, Set
from dataclasses import asdict, dataclass, field
from os.path import abspath
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, select

from semsam_annotate.annotations.connection import transaction
from semsam_annotate.annotations.giving_way import give_back
from semsam_annotate.annotations.hierarchy import needed_first
from semsam_annotate.annotations.outgoing import image_batches
from semsam_annotate.annotations.project import Project
from semsam_annotate.annotations.record import ImageRef, path_from
from semsam_annotate.annotations.rows import event_row, insert_image
from semsam_annotate.annotations.schema import annotation, event, image_split, image_state
from semsam_annotate.annotations.splits import Split, assign_split
from semsam_annotate.annotations.standing import rebuild
from semsam_annotate.annotations.upkeep.known import ALIVE, Known, events_of, last_status, rows_by, without_seq
from semsam_annotate.annotations.upkeep.trail import note
from semsam_annotate.api import BadInput


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
    """Take every image, mask and event of ``other`` that is not here yet, in one transaction.

    Nothing in ``other`` is changed, but it was opened for writing, as every project is. Its classes and folders of
    images join the project. Steps of its journal stay there: each project undoes its own.
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
        done, gone = 0, list[str]()
        for batch in image_batches(refs):
            for sha in batch:
                insert_image(ours, refs[sha] if sha in known else _placed(project, other, refs[sha], report))
                report.images += sha not in known
            _take_splits(theirs, ours, batch, refs, report)
            _take_states(theirs, ours, batch)
            gone += _take_records(theirs, ours, batch, report)
            done += len(batch)
            if progress is not None:
                progress(done, len(refs))
        if report.added or report.events or report.images:
            rebuild(ours)
            give_back(ours, gone, None)
            note(ours, "merge", {"masks": report.added, "images": report.images, "events": report.events})
    _take_classes(project, other)
    return report


def _placed(project: Project, other: Project, ref: ImageRef, report: MergeReport) -> ImageRef:
    """The reference with a path that leads from this project to the file, which may lie in either."""
    try:
        path = other.image_path(ref)
    except BadInput:
        path = other.folder / ref.path
        try:
            project.read(ref)  # its pixels: another image may have that name
            path = project.image_path(ref)
        except BadInput:
            report.missing_files += 1
    return ImageRef(ref.sha256, path_from(project.folder, Path(abspath(path))), ref.height, ref.width)


def _take_classes(project: Project, other: Project) -> None:
    parts: list[tuple[str | None, str]] = []
    for item in other.config.parts:
        parts += [(owner, item.name) for owner in item.objects] or [(None, item.name)]
    free = [item.name for item in other.config.parts if not item.objects]
    project.add_classes([item.name for item in other.config.objects], parts, free)
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
    here = rows_by(ours, image_state.c.sha256, batch)
    for sha, rows in rows_by(theirs, image_state.c.sha256, batch).items():
        newest = max((row["time"] for row in here.get(sha, [])), default="")
        fresh = [without_seq(row) for row in rows if row["time"] > newest]
        if fresh:
            ours.execute(insert(image_state), fresh)


def _take_records(theirs: Connection, ours: Connection, batch: list[str], report: MergeReport) -> list[str]:
    """Take records and events over; ids of records here that are deleted now."""
    rows = [row for found in rows_by(theirs, annotation.c.sha256, batch).values() for row in found]
    if not rows:
        return []
    rows.sort(key=lambda row: row["seq"])
    events = events_of(theirs, batch)
    here = Known(ours, batch, [row["id"] for row in rows])
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
            fresh.append(without_seq(dict(row)))
    for row in fresh:
        row["part_of"] = stands_for.get(row["part_of"], row["part_of"])
        row["supersedes"] = stands_for.get(row["supersedes"], row["supersedes"])
    if fresh:
        ours.execute(insert(annotation), needed_first(fresh))
    report.added += len(fresh)
    told = _corrected(fresh, stands_for, by_source, events, here) + _chosen(stands_for, events, here)
    gone = []
    for id in stands_for:
        later = _later(id, stands_for, by_source, events, here)
        gone += [stands_for[id]] if last_status(later) == "deleted" else []
        told += later
    if told:
        ours.execute(insert(event), told)
    report.events += sum(one["annotation"] in here.events for one in told)
    return gone


_Events = Mapping[str, list[dict[str, Any]]]


def _later(
    id: str, stands_for: Mapping[str, str], by_source: Set[str], events: _Events, here: Known
) -> list[dict[str, Any]]:
    """What happened there to a record since anything that happened to it here.

    Of one that is known by its source these are reviews, and its deletion. What was said of a double is about another
    record.
    """
    mine = stands_for[id]
    if mine != id and id not in by_source:
        return []
    newest = {one["name"]: one["time"] for one in here.events.get(mine, [])}
    later = [one for one in events[id] if one["time"] > newest.get(one["name"], "")]
    if mine != id:
        gone = last_status(events[id]) == "deleted" and last_status(here.events[mine]) == "accepted"
        last = [one for one in later if one["name"] == "status"][-1:] if gone else []
        later = [one for one in later if one["name"] == "review"] + last
    return [{**one, "annotation": mine, "value": stands_for.get(one["value"], one["value"])} for one in later]


def _corrected(
    fresh: list[dict[str, Any]], stands_for: Mapping[str, str], by_source: Set[str], events: _Events, here: Known
) -> list[dict[str, Any]]:
    """A record here that has a correction there, under another id, is superseded as the one there was.

    A correction that was deleted again does so for one that is known by its source: there nothing of it stands.
    """
    doubles = {mine for id, mine in stands_for.items() if id != mine}
    known = {stands_for[id] for id in by_source}
    told = []
    for row in fresh:
        old = row["supersedes"]
        stands = old in known or last_status(events[row["id"]]) != "deleted"
        if old in doubles and stands and last_status(here.events[old]) == "accepted":
            told.append(event_row(old, "status", "superseded", row["author"], row["time"]))
    return told


def _chosen(stands_for: Mapping[str, str], events: _Events, here: Known) -> list[dict[str, Any]]:
    """A record here over which, under another id, a mask was chosen there gives way to that mask, once."""
    told = []
    for id, old in stands_for.items():
        choice = next((one for one in reversed(events[id]) if one["name"] == "heir"), None)
        if old == id or choice is None or last_status(events[id]) != "superseded":
            continue
        heir = stands_for.get(choice["value"], choice["value"])
        before = {one["time"] for one in here.events[old] if one["name"] == "heir"}
        states = {last_status(events.get(choice["value"], [])), last_status(here.events.get(heir, [])) or "accepted"}
        accepted = last_status(here.events[old]) == "accepted"
        if heir != old and accepted and choice["time"] not in before and states <= set(ALIVE):
            status = event_row(old, "status", "superseded", choice["author"], choice["time"])
            told += [{**choice, "annotation": old, "value": heir}, status]
    return told

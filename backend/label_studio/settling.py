"""A submitted annotation in the store: what Label Studio's people changed is followed, what others did here stays."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from semsam_annotate.annotations.drafts import Facts, corrected, draft
from semsam_annotate.annotations.giving_way import set_status
from semsam_annotate.annotations.origins import Line, lines
from semsam_annotate.annotations.record import Annotation, ImageRef, Source
from semsam_annotate.annotations.rows import insert_image
from semsam_annotate.annotations.writing import find, from_source, now_called, write_correction, write_one
from semsam_annotate.backend.label_studio.accepted import Region
from semsam_annotate.backend.label_studio.issued import Issued
from semsam_annotate.backend.label_studio.news import Deleted, Written

SYSTEM = "label-studio"


def version_of(record: Annotation) -> str:
    """The change of the annotation that brought a record."""
    return "" if record.source is None else record.source.external_id.rpartition("/")[2]


@dataclass
class Settling:
    """One change, in a transaction of the store: all of it or nothing. ``issued``: what was suggested here."""

    connection: Connection
    change: Written | Deleted
    issued: Issued
    _lines: dict[str, Line] = field(init=False)
    _ids: dict[str, str] = field(default_factory=dict)
    """Of what stands for each region by now."""

    def __post_init__(self) -> None:
        self._lines = lines(self.connection, SYSTEM, self.change.project, f"{self.change.id}/")

    def write(self, image: ImageRef | None, regions: list[Region]) -> None:
        """Follow ``regions``, parents before their parts; nothing if the store has a newer version already.

        A region is compared with what Label Studio said of it last: where that is the same, whatever was done here
        since stays, be it a correction, another mask that was chosen, or a deletion.
        """
        assert isinstance(self.change, Written)
        told = [version_of(record) for line in self._lines.values() for record in line.told]
        if max(told, default="") > self.change.version:
            return
        if image is not None and regions:
            insert_image(self.connection, image)
            for region in regions:
                self._ids[region.id] = self._place(self.change, image, region, len(regions))
        self.remove(keep={region.id for region in regions})

    def remove(self, keep: set[str] | frozenset[str] = frozenset()) -> None:
        """Take away the regions that Label Studio has no more, with what corrects them here."""
        for id, line in reversed(self._lines.items()):
            if id not in keep and not line.removed:
                for record in reversed(line.standing or line.records[-1:]):
                    if record.status in ("accepted", "superseded"):  # superseded: another mask was chosen over it
                        set_status(self.connection, record.id, "deleted", self._author)

    @property
    def _author(self) -> str:
        return (self.change.author if isinstance(self.change, Written) else None) or SYSTEM

    def _place(self, change: Written, image: ImageRef, region: Region, many: int) -> str:
        """Follow a region; the id of what stands for it."""
        line = self._lines.get(region.id, Line())
        last = max(line.told, key=version_of, default=None)
        facts = self._facts(region, None if region.parent is None else self._ids.get(region.parent))
        if last is not None and self._stands(change, line, last, image, facts):
            return now_called(self.connection, last.id) or last.id
        source = Source(SYSTEM, change.project, f"{change.id}/{region.id}/{change.version}")
        if (known := from_source(self.connection, source)) is not None:  # of this very version: it comes back
            return set_status(self.connection, known.id, "accepted", self._author).id
        here = [record for record in line.standing if record.image.sha256 == image.sha256]
        for record in line.standing:
            if record not in here[-1:]:
                set_status(self.connection, record.id, "deleted", self._author)
        if not here:
            return self._accept(change, image, region, source, facts, many)
        record = corrected(here[-1], None, {**facts, "author": change.author, "source": source})
        return write_correction(self.connection, record, change.author).id

    def _facts(self, region: Region, parent: str | None) -> Facts:
        return {
            "mask": region.mask, "kind": "part" if region.is_part else "object", "object": _bare(region.object),
            "part": _bare(region.part), "part_of": self._accepted(parent),
        }  # fmt: skip

    def _stands(self, change: Written, line: Line, last: Annotation, image: ImageRef, facts: Facts) -> bool:
        """Whether Label Studio says what it said last; what it had taken away it says anew."""
        if line.removed:
            return False
        if version_of(last) == change.version:
            return True
        said: dict[str, Any] = {name: getattr(last, name) for name in facts}
        said["part_of"] = self._accepted(now_called(self.connection, last.part_of))  # it may have changed just now
        if facts["object"] is None and facts["part_of"] is not None:
            said["object"] = None  # the store gave it its parent's
        return last.image.sha256 == image.sha256 and said == facts

    def _accepted(self, parent: str | None) -> str | None:
        """Nothing is a part of what does not stand."""
        found = None if parent is None else find(self.connection, parent)
        return found.id if found is not None and found.status == "accepted" else None

    def _accept(self, change: Written, image: ImageRef, region: Region, source: Source, facts: Facts, many: int) -> str:
        suggested = self.issued.get(region.id)
        prompt = None if suggested is None else suggested.prompt
        told: Facts = {
            **facts, "author": change.author, "source": source, "prompt": prompt,
            "level": region.level if suggested is None else suggested.proposal.level,
            "score": region.score if suggested is None else suggested.proposal.score,
            "seconds": None if change.seconds is None else change.seconds / many,
            "clicks": None if prompt is None else len(prompt.points) or 1,
            "ladder": None if suggested is None else suggested.ladder,
        }  # fmt: skip
        record = draft(image, None if suggested is None else suggested.proposal, told)
        return write_one(self.connection, record).id


def _bare(name: str | None) -> str | None:
    """As the store has it: a colon in what somebody typed would part an object from its part in exported files."""
    return None if name is None else " ".join(name.replace(":", " ").split() if ":" in name else [name.strip()]) or None

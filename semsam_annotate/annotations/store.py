"""The annotation store: what was accepted, rejected, corrected, deleted; never overwritten; SQLite or PostgreSQL."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Unpack, cast

from sqlalchemy import Engine, func, or_, select

from semsam_annotate.annotations.connection import open_database, transaction
from semsam_annotate.annotations.drafts import Facts, corrected, draft
from semsam_annotate.annotations.exports import ExportReport, write_outgoing
from semsam_annotate.annotations.formats.format import Format
from semsam_annotate.annotations.formats.scene import Picture
from semsam_annotate.annotations.giving_way import set_status, take_back
from semsam_annotate.annotations.image_states import ImageStates
from semsam_annotate.annotations.journal import Journal
from semsam_annotate.annotations.migrations import prepare
from semsam_annotate.annotations.outgoing import Stored
from semsam_annotate.annotations.record import STATUSES, Annotation, ImageRef, NamedRecord, Source, Status
from semsam_annotate.annotations.reviewing import Word, judge
from semsam_annotate.annotations.rows import image_refs, insert_image, read_records, select_records
from semsam_annotate.annotations.schema import annotation, image, standing, tally
from semsam_annotate.annotations.splits import Split, Splits, assign_split
from semsam_annotate.annotations.writing import from_source, need, write_correction, write_many, write_one
from semsam_annotate.api import BadInput, Proposal, Rle, Vocabulary


class AnnotationStore:
    """Records on a database; every method is one transaction of its own, so threads may share a store.

    When a method that changes something returns, the change is on disk. Raises ``StoreUnavailable`` when the disk or
    the server refuses, ``BadInput`` for what the caller can mend.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.splits, self.journal, self.states = Splits(engine), Journal(engine), ImageStates(engine)

    @classmethod
    def open(cls, where: Path | str) -> "AnnotationStore":
        """Open or create a store: the path of a SQLite file, or a ``sqlite://`` or ``postgresql://`` URL."""
        engine = open_database(where)
        try:
            prepare(engine)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine)

    @property
    def engine(self) -> Engine:
        """The database, for what is done to the store as a whole (``people``, ``upkeep``)."""
        return self._engine

    def close(self) -> None:
        """Give the database back; calling it twice is fine."""
        self._engine.dispose()

    def __enter__(self) -> "AnnotationStore":
        return self

    def __exit__(self, _kind: type | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        self.close()

    def accept(self, image: ImageRef, proposal: Proposal | None = None, **facts: Unpack[Facts]) -> Annotation:
        """Store an accepted mask: ``object=``, ``part=``, ``part_of=``, ``author=`` and whatever ``Facts`` names.

        ``mask=`` is the mask after edits (the proposal's is then kept as ``proposed_mask``), or a drawn one without any
        proposal. A ``source`` that the store knows changes nothing: the record it has become is returned.
        """
        return self._store(draft(image, proposal, facts))

    def reject(self, image: ImageRef, proposal: Proposal | None = None, **facts: Unpack[Facts]) -> Annotation:
        """Store a mask that a person refused: it is never exported, but the model can learn from it."""
        return self._store(draft(image, proposal, facts).with_(status="rejected"))

    def supersede(self, id: str, /, proposal: Proposal | None = None, **facts: Unpack[Facts]) -> Annotation:
        """Replace an accepted record by a corrected one; what is not given stays. Its parts follow the new one."""
        with transaction(self._engine, write=True) as connection:
            old = need(connection, id)
            if old.status != "accepted":
                raise BadInput(f"annotation {id} is {old.status}: only an accepted one can be corrected")
            return write_correction(connection, corrected(old, proposal, facts), facts.get("author"))

    def delete(self, id: str, author: str | None = None) -> Annotation:
        """Mark as deleted; the row stays and ``undo`` brings it back. What it was chosen over is accepted again."""
        return self.set_status(id, "deleted", author)

    def set_status(self, id: str, status: Status, author: str | None = None) -> Annotation:
        """Give a record another status by a new event; what had given way to one that is deleted is accepted again."""
        if status not in STATUSES:
            raise BadInput(f"a status is one of {', '.join(STATUSES)}, not {status!r}")
        with transaction(self._engine, write=True) as connection:
            return set_status(connection, id, status, author)

    def review(self, id: str, state: str, author: str | None = None, comment: str | None = None) -> Annotation:
        """Give an accepted record a review state ("approved", "changes requested") by a new event."""
        with transaction(self._engine, write=True) as connection:
            judge(connection, [id], Word(state, author, comment))
            return need(connection, id)

    def undo(self, id: str, author: str | None = None) -> Annotation:
        """Take back the last change of a record, or its creation (what it superseded is then accepted again).

        Undone twice, it is as before, but for what its deletion gave back: that stays accepted.
        """
        with transaction(self._engine, write=True) as connection:
            return take_back(connection, id, author)

    def get(self, id: str) -> Annotation:
        """One record as it is now; BadInput when there is none."""
        with transaction(self._engine) as connection:
            return need(connection, id)

    def by_source(self, source: Source) -> Annotation | None:
        """What the record from this source has become, None when it never came."""
        with transaction(self._engine) as connection:
            return from_source(connection, source)

    def annotations(self, status: Status | None = "accepted", image: ImageRef | str | None = None) -> list[Annotation]:
        """Records as they are now, oldest first; ``image``: a reference or its sha256; ``status`` None: all."""
        query = select_records()
        if status is not None:
            query = query.where(standing.c.status == status)
        if image is not None:
            query = query.where(annotation.c.sha256 == (image if isinstance(image, str) else image.sha256))
        with transaction(self._engine) as connection:
            return read_records(connection, query)

    def accepted_ids(self) -> dict[str, str]:
        """Id of every accepted record of a plain image (no plane of a stack) -> sha256 of its image."""
        columns = (annotation.c.id, annotation.c.sha256, annotation.c.plane)
        query = select(*columns).join_from(annotation, standing).where(standing.c.status == "accepted")
        with transaction(self._engine) as connection:
            return {
                id: sha256 for id, sha256, plane in connection.execute(query.order_by(annotation.c.seq)) if not plane
            }

    def accepted_names(self) -> list[NamedRecord]:
        """Of every accepted record of a plain image that has a name, oldest first; masks and ladders are not read."""
        columns = (annotation.c.id, annotation.c.object, annotation.c.part, annotation.c.plane, *image.c)
        named = or_(annotation.c.object.is_not(None), annotation.c.part.is_not(None))
        joined = annotation.join(image).join(standing, standing.c.annotation == annotation.c.id)
        query = select(*columns).select_from(joined).where(standing.c.status == "accepted", named)
        with transaction(self._engine) as connection:
            rows = connection.execute(query.order_by(annotation.c.seq)).mappings().all()
        plain = [row for row in rows if not row["plane"]]
        refs = image_refs(plain)
        return [NamedRecord(row["id"], ref, row["object"], row["part"]) for row, ref in zip(plain, refs, strict=True)]

    def mask(self, id: str) -> Rle:
        """The mask of a record; BadInput when there is none."""
        with transaction(self._engine) as connection:
            found = connection.execute(select(annotation.c.mask).where(annotation.c.id == id)).scalar()
        if found is None:
            raise BadInput(f"no annotation {id} in the store")
        return cast(Rle, found)

    def count(self, status: Status | None = "accepted") -> int:
        """Number of records with a status, of all with None."""
        query = select(func.count()).select_from(standing)
        if status == "accepted":
            query = select(func.coalesce(func.sum(tally.c.accepted), 0))
        elif status is not None:
            query = query.where(standing.c.status == status)
        with transaction(self._engine) as connection:
            return int(connection.execute(query).scalar_one())

    def images(self) -> list[ImageRef]:
        """Every image that was registered or annotated, by path."""
        with transaction(self._engine) as connection:
            return image_refs(connection.execute(select(image).order_by(image.c.path, image.c.sha256)).mappings())

    def register(self, ref: ImageRef) -> None:
        """Make an image known before anything is accepted in it; a known one keeps its first path."""
        with transaction(self._engine, write=True) as connection:
            insert_image(connection, ref)

    def add(
        self,
        records: Sequence[Annotation],
        images: Mapping[ImageRef, Split | None] | None = None,
        derived: Collection[str] = (),
        lost: Counter[str] | None = None,
    ) -> int:
        """Store finished records (an import) in one transaction, all or nothing; how many were new.

        Records whose id or source is known are left out, as are those with ``derived`` ids that look like an accepted
        one; parents may come in any order. ``images``: further images, with their splits where they have one. ``lost``:
        counts what the store does not take of the others.
        """
        with transaction(self._engine, write=True) as connection:
            refs = {record.image.sha256: record.image for record in records}
            refs |= {ref.sha256: ref for ref in images or ()}
            for ref in refs.values():
                insert_image(connection, ref)
            for ref, split in (images or {}).items():
                if split is not None:
                    assign_split(connection, ref.sha256, split)
            return write_many(connection, records, derived, lost)

    def export(
        self,
        format: str | Format,
        path: Path | str,
        vocabulary: Vocabulary | None = None,
        picture: Picture | None = None,
        time: str | None = None,
        progress: Callable[[int, int], None] | None = None,
        folders: Sequence[str] = (),
    ) -> ExportReport:
        """Write the accepted records, format "coco", "parts" or one of ``formats``; BadInput when there are none.

        ``time`` (``utc``): as they were then; names of classes and splits as they are now. COCO and part JSON are
        written a few images at a time, and ``progress`` is told how much of all is done. Images whose absolute path
        lies in one of ``folders`` are named from there.
        """
        splits = self.splits.all()
        with transaction(self._engine, steady=True) as connection:
            outgoing = Stored(connection, splits, time, folders)
            if time is not None and not outgoing.any():
                raise BadInput(f"nothing to export: no annotation was accepted at {time[:19]} (UTC)")
            return write_outgoing(format, Path(path), outgoing, vocabulary, picture, progress)

    def _store(self, record: Annotation) -> Annotation:
        with transaction(self._engine, write=True) as connection:
            known = None if record.source is None else from_source(connection, record.source)
            if known is not None:
                return known
            insert_image(connection, record.image)
            return write_one(connection, record)

"""The ledger of a project folder: records in its store, names in its project file, exports beside them."""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from PIL import Image

from semsam_annotate.annotations import Annotation, ImageRef, ObjectClass, PartClass, Project
from semsam_annotate.annotations.drafts import Facts, draft
from semsam_annotate.annotations.image_states import ImageProgress, Said
from semsam_annotate.annotations.journal import Change, Deed, Desk
from semsam_annotate.annotations.record import Status
from semsam_annotate.api import BadInput, Proposal, Vocabulary
from semsam_annotate.napari.state.accepted import AcceptedMask
from semsam_annotate.napari.state.accepting import queue_records, shown_record
from semsam_annotate.napari.state.author import user_name
from semsam_annotate.napari.state.candidate import Candidate
from semsam_annotate.napari.state.carried import Carried, carrying_deed, track_deed
from semsam_annotate.napari.state.drawn import DrawnMask, drawn_records
from semsam_annotate.napari.state.labels import LabelChoice, describe
from semsam_annotate.napari.state.picture import Picture
from semsam_annotate.napari.state.remarks import remarked
from semsam_annotate.napari.state.shift import Shift
from semsam_annotate.napari.state.stepping import Stepping
from semsam_annotate.napari.state.training import TrainingRun
from semsam_annotate.napari.state.workspace_file import workspace_file

EXPORTS = {"coco": "coco.json", "parts": "parts.json"}
"""Format and the file it is written to, in the project folder."""

FAST = 1
"""Compression of the PNG that somebody waits for with the first mask: two fifths of the time of the usual one."""


class ProjectLedger:
    """Every accepted mask is on disk when ``accept`` returns."""

    def __init__(self, project: Project, author: str | None = None) -> None:
        self._project = project
        self._author = author or user_name()
        self._steps = Stepping(project.store.journal)

    @classmethod
    def open(cls, folder: Path, images: Sequence[Path] = (), author: str | None = None) -> "ProjectLedger":
        """Open a project folder, or make one there, and add image files to it; BadInput when it is damaged."""
        project = Project.open(folder) if (folder / "project.toml").exists() else Project.create(folder)
        try:
            project.add_images(images)
        except BaseException:
            project.close()
            raise
        return cls(project, author)

    def close(self) -> None:
        """Give the store back."""
        self._project.close()

    @property
    def workspace(self) -> Path:
        """File in which this author's workspace is kept."""
        return workspace_file(self._project.folder, self._author)

    @property
    def vocabulary(self) -> Vocabulary:
        """The project's names."""
        return self._project.vocabulary()

    @property
    def classes(self) -> Sequence[ObjectClass | PartClass]:
        """Objects, then parts."""
        return (*self._project.config.objects, *self._project.config.parts)

    def colour(self, object: str | None, part: str | None) -> str | None:
        """ "#rrggbb" of the part or, without one, of the object."""
        classes = self._project.config.parts if part else self._project.config.objects
        return next((item.color for item in classes if item.name == (part or object)), None)

    def parts_of(self, object: str) -> list[str]:
        """Part names that an object can have; all of them for an object that is new or unnamed."""
        if object not in self.vocabulary.objects:
            return list(self.vocabulary.parts)
        return self._project.parts_of(object)

    def learn(self, object: str, part: str) -> bool:
        """Extend the project's vocabulary."""
        before = self._project.config
        self._project.add_classes([object] if object else [], [(object or None, part)] if part else [])
        return self._project.config != before

    def accept(
        self, picture: Picture, candidate: Candidate, choice: LabelChoice, parent: AcceptedMask | None, seconds: float
    ) -> Shift:
        """Store the mask shown."""
        facts: Facts = {**self._facts(picture), "seconds": round(seconds, 2)}
        record = shown_record(self._image(picture), candidate, choice, parent, facts)
        return self.perform(picture, Deed(f"accepted {describe(choice.object, choice.part)}", accept=(record,)))

    def accept_all(
        self,
        picture: Picture,
        named: Sequence[tuple[Proposal, LabelChoice]],
        accepted: Sequence[AcceptedMask],
    ) -> Shift:
        """Store masks under their names in one step, parts in the smallest mask around them."""
        records = queue_records(self._image(picture), named, accepted, self._facts(picture))
        return self.perform(picture, Deed(f"accepted {len(records)} masks", accept=tuple(records)))

    def begin_tracks(self, picture: Picture, masks: Sequence[AcceptedMask]) -> Shift:
        """Give every mask a track of its own."""
        return self.perform(picture, track_deed(masks))

    def carry(
        self, picture: Picture, found: Sequence[Carried], accepted: Sequence[AcceptedMask], above: dict[str, str]
    ) -> Shift:
        """Store masks carried over from another frame."""
        return self.perform(picture, carrying_deed(self._image(picture), found, accepted, above, self._facts(picture)))

    def accept_drawn(self, picture: Picture, masks: Sequence[DrawnMask], accepted: Sequence[AcceptedMask]) -> Shift:
        """Store masks of a labels layer in one step."""
        records = drawn_records(self._image(picture), masks, accepted, self._facts(picture))
        return self.perform(picture, Deed(f"took {len(records)} masks of a layer", accept=tuple(records)))

    def reject(self, picture: Picture, proposal: Proposal) -> Shift:
        """Store a mask that a person refused."""
        record = draft(self._image(picture), proposal, self._facts(picture))
        return self.perform(picture, Deed("refused a mask", refuse=(record,)))

    def rejected(self, picture: Picture) -> list[AcceptedMask]:
        """Masks of the picture's plane that people refused."""
        return [AcceptedMask.of(one) for one in self._records(picture, "rejected")]

    def perform(self, picture: Picture, deed: Deed) -> Shift:
        """Change records of a picture."""
        desk = Desk(self._image(picture), picture.plane, self._author)
        return self._shift(self._project.store.journal.perform(desk, deed))

    def undo(self, picture: Picture) -> Shift | None:
        """Take back the last step in a picture."""
        return self._moved(self._steps.back(self._desk(picture)))

    def redo(self, picture: Picture) -> Shift | None:
        """Do again the step that was taken back last."""
        return self._moved(self._steps.again(self._desk(picture)))

    def accepted_from(self, id: str) -> tuple[Candidate, LabelChoice]:
        """The clicks, ladder and rung that a mask was accepted from, its track, and its names."""
        record = self._project.store.get(id)
        choice = LabelChoice(record.object or "", record.part or "")
        if record.prompt is None or record.ladder is None:
            return Candidate(), choice
        pointed = replace(Candidate.of(record.prompt, record.ladder, record.clicks), track=record.track)
        shown = pointed.at(record.rung or 0)
        by_hand = shown.proposal is not None and choice.guessed(shown.proposal) != choice
        return shown, replace(choice, by_hand=by_hand)

    def masks(self, picture: Picture) -> list[AcceptedMask]:
        """Accepted masks of the picture's plane, oldest first."""
        return remarked(self._project.store, self._records(picture))

    def images(self) -> list[Path]:
        """Every image file of the project."""
        return self._project.images()

    @property
    def ranked(self) -> bool:
        """Whether ``semsam next`` has put images into an order that holds."""
        order = self._project.order.holding()
        return order is not None and bool(order.images)

    def queue(self) -> list[Path]:
        """Every open image file, the most useful one to annotate first."""
        return self._project.queue()

    def progress(self) -> list[ImageProgress]:
        """How far every image file is."""
        return self._project.progress()

    def mark(self, picture: Picture, said: Said) -> None:
        """Say that a picture is done, skipped, or open again."""
        self._project.store.states.tell(self._image(picture), said, self._author)

    def training(self) -> TrainingRun:
        """The training of the project's model."""
        return TrainingRun(self._project)

    def record(self, id: str) -> Annotation:
        """The whole record."""
        return self._project.store.get(id)

    def export(self, progress: Callable[[int, int], None]) -> str:
        """Write ``EXPORTS``; a part JSON that cannot be written because nothing fits it is said, not raised."""
        lines: list[str] = []
        for format, name in EXPORTS.items():
            try:
                report = self._project.export(format, self._project.folder / name, progress=progress)
            except BadInput as error:
                if not lines:
                    raise
                lines.append(str(error))
            else:
                lines.append(f"{name}: {report.objects} objects, {report.parts} parts")
        return f"exported to {self._project.folder} – {'; '.join(lines)}"

    def _moved(self, change: Change | None) -> Shift | None:
        return None if change is None else self._shift(change)

    def _records(self, picture: Picture, status: Status = "accepted") -> list[Annotation]:
        records = self._project.store.annotations(status, picture.sha256)
        return [one for one in records if tuple(one.plane) == picture.plane]

    def _shift(self, change: Change) -> Shift:
        brought = remarked(self._project.store, change.brought)
        return Shift(change.title, change.out, tuple(brought), change.replaced, change.refused)

    def _facts(self, picture: Picture) -> Facts:
        """What every record made here says."""
        return {"plane": picture.plane, "author": self._author}

    def _desk(self, picture: Picture) -> Desk:
        """Where steps of a picture are looked for; nothing is written."""
        return Desk(ImageRef(picture.sha256, picture.name, *picture.size), picture.plane, self._author)

    def _image(self, picture: Picture) -> ImageRef:
        """The picture's file, or, for pixels that are in no file, a PNG of them in the project."""
        path = picture.path
        if path is None:
            path = self._project.folder / "images" / f"{picture.sha256[:16]}.png"
            if not path.exists():
                _write_png(path, picture)
        height, width = picture.size
        return ImageRef(picture.sha256, _path_from(self._project.folder, path), height, width)


def _path_from(root: Path, path: Path) -> str:
    """Relative to the project where it lies inside, by any way, so that the folder can move."""
    for absolute, base in ((path.absolute(), root.absolute()), (path.resolve(), root.resolve())):
        if absolute.is_relative_to(base):
            return absolute.relative_to(base).as_posix()
    return path.absolute().as_posix()


def _write_png(path: Path, picture: Picture) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    Image.fromarray(picture.own).save(part, format="PNG", compress_level=FAST)
    os.replace(part, path)

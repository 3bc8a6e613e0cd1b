"""A project's accepted annotations as training images and as the frozen validation sample."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from semsam_annotate.annotations import Annotation, ImageRef, Project
from semsam_annotate.annotations.fingerprints import Fingerprints
from semsam_annotate.annotations.retraining.counts import JUDGED_AREA
from semsam_annotate.annotations.split_drawing import draw_splits, leak_words
from semsam_annotate.api import Vocabulary, rle_area
from semsam_annotate.training.data.entry import ImageEntry
from semsam_annotate.training.data.readers.project import is_test, project_entry
from semsam_annotate.training.evaluation.sample import EvaluationSample, SampleImage, TruthMask


@dataclass(frozen=True)
class ProjectData:
    """``train``: images to learn from. ``validation``: every accepted mask of the images held back.

    ``learned``, ``judged``: ids of the records of either. ``test_images``: annotated images of the split "test", in
    neither. ``leaks``: sentences about images of two splits that are alike.
    """

    train: tuple[ImageEntry, ...]
    validation: EvaluationSample
    learned: tuple[str, ...] = ()
    judged: tuple[str, ...] = ()
    test_images: int = 0
    leaks: tuple[str, ...] = ()

    @property
    def ids(self) -> tuple[str, ...]:
        """Of all records."""
        return self.learned + self.judged

    @property
    def validation_masks(self) -> int:
        """Number of validation clicks."""
        return sum(len(image.chosen) for image in self.validation.images)


def read_project(project: Project, progress: Callable[[int, int], None] = lambda done, total: None) -> ProjectData:
    """Split the accepted annotations by image, as the project has written down; test images stay out of both.

    Every image is read once, so that a photo that changed since it was annotated is found before training on it; what
    has no split yet gets one, the same as what it is alike (``draw_splits``).
    """
    train: list[ImageEntry] = []
    held: list[SampleImage] = []
    learned: list[str] = []
    judged: list[str] = []
    annotated = [ref for ref in project.store.images() if _plain(project, ref)]
    refs = [ref for ref in annotated if not is_test(project, ref)]
    prints = Fingerprints(project)
    for number, ref in enumerate(refs):
        prints.add(ref, project.read(ref))
        progress(number + 1, len(refs))
    leaks = leak_words(draw_splits(project, annotated, prints.of(annotated)))
    prints.save()
    splits = project.store.splits.all()
    for ref in refs:
        rows = _plain(project, ref)
        if splits[ref.sha256].split == "validation":
            held.append(_held_back(project, ref, rows, splits[ref.sha256].group))
            judged += [row.id for row in rows]
        else:
            train.append(project_entry(project, ref, rows))
            learned += [row.id for row in rows]
    clicked = tuple(image for image in held if image.chosen)
    sample = EvaluationSample(clicked, _vocabulary(project, train, held), 0)
    return ProjectData(tuple(train), sample, tuple(learned), tuple(judged), len(annotated) - len(refs), leaks)


def _plain(project: Project, ref: ImageRef) -> list[Annotation]:
    """Accepted masks of an image, but for those in planes of a stack, which nothing is learned from."""
    return [row for row in project.store.annotations(image=ref) if not row.plane]


def _vocabulary(project: Project, train: Sequence[ImageEntry], held: Sequence[SampleImage]) -> Vocabulary:
    """Names of the project's configuration, with the owners of parts, and of its annotations."""
    known = project.vocabulary()
    objects = {name for entry in train for name in entry.objects if name}
    objects |= {truth.object for image in held for truth in image.truths if truth.object}
    parts = {name for entry in train for name in entry.parts if name}
    parts |= {truth.part for image in held for truth in image.truths if truth.part}
    names = sorted(objects | set(known.objects)), sorted(parts | set(known.parts))
    return Vocabulary(*names, owners=dict(known.owners))


def _held_back(project: Project, ref: ImageRef, rows: Sequence[Annotation], group: str | None) -> SampleImage:
    truths = tuple(
        TruthMask(index + 1, _segment(row), row.kind == "part", row.object, row.part) for index, row in enumerate(rows)
    )
    chosen = tuple(index for index, row in enumerate(rows) if rle_area(row.mask) >= JUDGED_AREA)
    return SampleImage(ref.sha256, project.image_path(ref), ref.height, ref.width, truths, chosen, group or "")


def _segment(row: Annotation) -> dict[str, object]:
    return {"size": row.mask["size"], "counts": row.mask["counts"].encode("ascii")}

"""Our own projects: what was accepted, straight from the store."""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import ClassVar

from semsam_annotate.annotations import Annotation, ImageRef, Project
from semsam_annotate.api import BadInput, Vocabulary
from semsam_annotate.training.data import problem
from semsam_annotate.training.data.entry import ImageEntry
from semsam_annotate.training.data.readers.data_set import DataSet
from semsam_annotate.training.data.readers.marks import Frame, Mark, assemble
from semsam_annotate.training.data.record import OBJECT, PART
from semsam_annotate.training.data.synonyms import Synonyms


class ProjectSet(DataSet):
    """The accepted masks of a project's plain images, less those of the split "test", which nothing may learn from;
    planes of stacks are counted among the problems."""

    format: ClassVar[str] = "project"

    def __init__(self, folder: Path, synonyms: Synonyms | None = None) -> None:
        self.project = Project.open(folder)
        self._synonyms = Synonyms() if synonyms is None else synonyms
        annotated = [ref for ref in self.project.store.images() if self.project.store.annotations(image=ref)]
        self._refs = [ref for ref in annotated if not is_test(self.project, ref)]

    def __len__(self) -> int:
        return len(self._refs)

    def close(self) -> None:
        """Close the store."""
        self.project.close()

    def __enter__(self) -> "ProjectSet":
        return self

    def __exit__(self, _kind: type | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        self.close()

    @property
    def vocabulary(self) -> Vocabulary:
        """The classes of the project."""
        return self.project.vocabulary()

    def entry(self, index: int) -> ImageEntry:
        """Look one image's records up."""
        ref = self._refs[index]
        rows = self.project.store.annotations(image=ref)
        return project_entry(self.project, ref, rows, self._synonyms)


def is_test(project: Project, ref: ImageRef) -> bool:
    """Whether an image is kept for tests."""
    split = project.store.splits.get(ref.sha256)
    return split is not None and split.split == "test"


def project_entry(
    project: Project, ref: ImageRef, rows: Sequence[Annotation], synonyms: Synonyms | None = None
) -> ImageEntry:
    """An image with its records; those of planes are left out."""
    names = Synonyms() if synonyms is None else synonyms
    frame = Frame(Path(ref.path), ref.height, ref.width, "project", "project", where=f"image {ref.path}")
    try:
        frame = Frame(project.image_path(ref), ref.height, ref.width, "project", "project", where=frame.where)
    except BadInput as error:
        frame.complain(problem.MISSING_IMAGE, detail=str(error))
    flat = [row for row in rows if not row.plane]
    if len(flat) < len(rows):
        frame.complain(problem.IN_PLANE, detail=f"{len(rows) - len(flat)} of them")
    return assemble(frame, [_mark(row, names) for row in flat])


def _mark(row: Annotation, names: Synonyms) -> Mark:
    segment = {"size": row.mask["size"], "counts": row.mask["counts"].encode("ascii")}
    kind = PART if row.kind == "part" else OBJECT
    return Mark(row.id, segment, kind, names.object(row.object), names.part(row.part), row.part_of)

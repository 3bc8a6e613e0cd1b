"""The project folder: images, vocabulary, annotations, models and embeddings of one piece of work."""

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from os.path import abspath, exists, isdir
from pathlib import Path
from types import TracebackType

from semsam_annotate.annotations.categories import UNLABELLED
from semsam_annotate.annotations.classes import ObjectClass, PartClass
from semsam_annotate.annotations.coco_read import CocoContent
from semsam_annotate.annotations.config_additions import Addition, added, with_classes, with_images
from semsam_annotate.annotations.connection import StoreWarning
from semsam_annotate.annotations.export_place import check_place
from semsam_annotate.annotations.exports import ExportReport
from semsam_annotate.annotations.formats.format import Format
from semsam_annotate.annotations.image_book import ImageBook
from semsam_annotate.annotations.image_places import file_of, folders_to_add, placed, unlisted
from semsam_annotate.annotations.image_queue import ImageQueue
from semsam_annotate.annotations.image_states import ImageProgress
from semsam_annotate.annotations.images import image_sha256, read_image
from semsam_annotate.annotations.importing import ImportReport, read_import, store_import
from semsam_annotate.annotations.next_order import NextOrder
from semsam_annotate.annotations.palette import told_apart
from semsam_annotate.annotations.project_config import ProjectConfig, not_a_folder, read_config, write_config
from semsam_annotate.annotations.record import ImageRef, path_from
from semsam_annotate.annotations.splits import hashed_split
from semsam_annotate.annotations.store import AnnotationStore
from semsam_annotate.api import BadInput, RgbImage, Vocabulary


class Project:
    """A project folder that is open. ``folder``: absolute; ``config``: what ``project.toml`` says; ``store``;
    ``order``: what ``semsam next`` wrote down."""

    def __init__(self, folder: Path, config: ProjectConfig, store: AnnotationStore) -> None:
        self.folder, self.config, self.store = folder, config, store
        self._book, self.order = ImageBook(folder, store.states), NextOrder(self.models)
        self._queue = ImageQueue(folder, self.order)

    @classmethod
    def create(
        cls,
        folder: Path | str,
        *,
        name: str = "",
        objects: Iterable[str | ObjectClass] = (),
        parts: Mapping[str, Sequence[str]] | Iterable[str | PartClass] = (),
        images: Iterable[Path | str] = (),
        store: str = "annotations.sqlite",
        validation: float = 0.2,
    ) -> "Project":
        """Make a project; ``parts``: names, or part name -> objects it belongs to. BadInput when one is there."""
        root = Path(abspath(folder))
        if (root / "project.toml").exists():
            raise BadInput(f"{root} is a project already: open it, or name another folder")
        if root.is_file():
            raise not_a_folder(root)
        if isinstance(parts, Mapping):
            parts = [PartClass(part, objects=tuple(owners)) for part, owners in parts.items()]
        classes = told_apart(
            [ObjectClass(item) if isinstance(item, str) else item for item in objects],
            [PartClass(item) if isinstance(item, str) else item for item in parts],
        )
        config = ProjectConfig(
            name=name or root.name, store=store, validation=validation, objects=classes[0], parts=classes[1]
        )
        for sub in ("models", "embeddings"):
            (root / sub).mkdir(parents=True, exist_ok=True)
        write_config(root / "project.toml", config)
        project = cls(root, config, AnnotationStore.open(config.store_in(root)))
        project.add_images(images)
        return project

    @classmethod
    def open(cls, folder: Path | str = ".") -> "Project":
        """Open a project; BadInput when there is none or its file is damaged, StoreWarning when its store is lost."""
        root = Path(abspath(folder))
        config = read_config(root / "project.toml")
        place = config.store_in(root)
        if isinstance(place, Path) and isdir(place.parent) and not exists(place):  # false for names no disk takes
            warnings.warn(
                f"{place} was not there: an empty one is made; what the lost one held is in its backup", StoreWarning, 2
            )
        return cls(root, config, AnnotationStore.open(place))

    def close(self) -> None:
        """Close the store; calling it twice is fine."""
        self.store.close()

    def __enter__(self) -> "Project":
        return self

    def __exit__(self, _kind: type | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        self.close()

    @property
    def models(self) -> Path:
        """Folder of this project's models."""
        return self.folder / "models"

    @property
    def embeddings(self) -> Path:
        """Folder of cached embeddings, which may be deleted at any time."""
        return self.folder / "embeddings"

    def vocabulary(self) -> Vocabulary:
        """Names of objects and bare names of parts in the order of ``project.toml``, with the owners of parts."""
        return self.config.vocabulary()

    def parts_of(self, object: str) -> list[str]:
        """Names of the parts that an object can have."""
        return [item.name for item in self.config.parts if not item.objects or object in item.objects]

    def add_classes(
        self, objects: Iterable[str] = (), parts: Iterable[tuple[str | None, str]] = (), free: Sequence[str] = ()
    ) -> None:
        """Add names that are new; ``parts``: (object or None, bare name), objects join; ``free``: of any object now."""
        names, owned = tuple(objects), tuple(parts)
        self._add(lambda config: with_classes(config, names, owned).freed(free))

    def add_images(self, paths: Iterable[Path | str]) -> list[str]:
        """Add image files or folders of images, which stay where they are; the entries that are new."""
        entries: list[str] = []
        for path in paths:
            absolute = Path(abspath(path))
            if not absolute.exists():
                raise BadInput(f"no such image or folder: {path}")
            entry = path_from(self.folder, absolute)
            if entry not in entries and entry not in self.config.images:
                entries.append(entry)
        self._add(lambda config: with_images(config, entries))
        return entries

    def images(self) -> list[Path]:
        """Every image file of the project, folders looked through with their sub-folders, in a stable order."""
        return self._book.paths(self.config.images)

    def progress(self) -> list[ImageProgress]:
        """How far every image file is, in the order of ``images``."""
        return self._book.rows(self.config.images)

    def queue(self) -> list[Path]:
        """Every image file that is neither done nor skipped, the most useful one to annotate first.

        Those without an accepted mask come first, in the order of ``semsam next`` as long as the model that made it
        serves, and in their own; then those whose accepted masks the model found hardest, by their mean score (masks
        that nobody proposed have none and do not count).
        """
        return self._queue.of(self.progress())

    def ref(self, path: Path | str, rgb: RgbImage) -> ImageRef:
        """Reference to an image that was read from ``path``, relative to the project if inside."""
        return ImageRef.of(path, rgb, self.folder)

    def image_path(self, ref: ImageRef) -> Path:
        """Where the file of a reference lies now; BadInput when it is nowhere."""
        return file_of(ref, self.folder, self.config.images)

    def read(self, ref: ImageRef) -> RgbImage:
        """Pixels of a reference; BadInput when the file is gone or its pixels are no longer those annotated."""
        path = self.image_path(ref)
        rgb = read_image(path)
        if image_sha256(rgb) != ref.sha256:
            raise BadInput(f"{path} has changed since it was annotated: its masks no longer fit")
        return rgb

    def split_of(self, ref: ImageRef, group: str | None = None) -> str:
        """Train or validation: follows from the image (or its group) alone, is written down once, never changes."""
        known = self.store.splits.get(ref.sha256)
        if known is not None:
            return known.split
        self.store.register(ref)
        wanted = hashed_split(group or ref.sha256, self.config.validation)
        return self.store.splits.assign(ref.sha256, wanted, group).split

    def export(
        self,
        format: str | Format,
        path: Path | str,
        time: str | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> ExportReport:
        """Write the accepted annotations (of a ``time``), with every object class of the project, used or not.

        BadInput where ``path`` is a file that the project itself needs, or is no file that can be replaced.
        """
        folders = self.config.images
        check_place(Path(path), self.folder, self.config.store, folders)
        return self.store.export(format, path, self.vocabulary(), self.image_path, time, progress, folders)

    def import_file(
        self,
        format: str,
        path: Path | str,
        images: Path | str | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> ImportReport:
        """Import a file whose images lie in ``images`` (by default beside it); its classes and images join."""
        folder = None if images is None else Path(images)
        return self.take_in(read_import(format, Path(path), folder, progress))

    def take_in(self, content: CocoContent) -> ImportReport:
        """Store what ``read_import`` read; its classes and its folder of images join the project.

        The folder does not where all its images are in the project's list already.
        """
        objects = [category.object for category in content.categories if category.object != UNLABELLED]
        parts = [
            (None if category.object == UNLABELLED else category.object, category.part)
            for category in content.categories
            if category.part is not None and category.part != UNLABELLED
        ]
        with_classes(self.config, objects, parts)  # before anything is stored: a name may be none
        images = [placed(image, self.folder) for image in content.images]
        report = store_import(self.store, replace(content, images=images))
        self.add_classes(objects, parts)
        new = unlisted(images, self.store.images(), self.folder, self.config.images)
        self.add_images(folders_to_add(self.folder, content.folder, new))
        return report

    def _add(self, addition: Addition) -> None:
        self.config = added(self.folder / "project.toml", self.config, addition)

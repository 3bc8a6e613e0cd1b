"""Tasks of Label Studio in a file, taken into a project whose images lie in a folder."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from semsam_annotate.annotations.categories import UNLABELLED, Category
from semsam_annotate.annotations.coco_images import CocoImage, find_image
from semsam_annotate.annotations.coco_read import CocoContent
from semsam_annotate.annotations.drafts import checked, now
from semsam_annotate.annotations.images import image_sha256, read_image
from semsam_annotate.annotations.named_files import NamedFiles
from semsam_annotate.annotations.record import ImageRef
from semsam_annotate.api import BadInput, Vocabulary
from semsam_annotate.backend.label_studio.admin.exported import UNTOLD, Exported, read_tasks
from semsam_annotate.backend.label_studio.admin.image_names import written_name
from semsam_annotate.backend.label_studio.admin.sources import from_file

Progress = Callable[[int, int], None]


def tasks_content(path: Path, folder: Path, words: Vocabulary, progress: Progress | None = None) -> CocoContent:
    """What is to be stored of the newest annotation of every task; ``words``: tell objects from parts.

    An image is looked for in ``folder`` by its path in its address, or its name. BadInput when one is missing or of
    another size than its masks, or when a task is damaged.
    """
    taken = from_file(path, None, words)
    found = read_tasks(taken.tasks, taken.config)
    images = _images(path, found, folder, progress)
    arrived = now()
    timed = [record.with_(time=arrived) if record.time == UNTOLD else record for record in found.records]
    records = [checked(record.with_(image=images[record.image.sha256].ref)) for record in timed]
    categories = {
        Category(record.object or UNLABELLED, None if record.kind == "object" else record.part or UNLABELLED)
        for record in records
    }
    passed = Counter({"annotations without a mask": found.skipped, "older annotations of their task": found.older})
    passed.update(found.left)
    listed = sorted(categories, key=lambda item: item.name)
    derived = {record.id for record in records}
    return CocoContent(path, folder, list(images.values()), listed, records, derived, passed=passed)


def _images(path: Path, found: Exported, folder: Path, progress: Progress | None) -> dict[str, CocoImage]:
    """By the digest that stands for the address."""
    said = {record.image.sha256: record.image for record in found.records}
    names = {digest: written_name(found.addresses[digest]).lstrip("/") for digest in said}
    places = {digest: find_image(folder, names[digest]) or find_image(folder, said[digest].path) for digest in said}
    missing = [said[digest].path for digest, place in places.items() if place is None]
    if missing:
        raise BadInput(f"{path}: {len(missing)} of {len(said)} images are not in {folder}, such as {missing[0]}")
    images, files = {}, NamedFiles()
    for number, (digest, place) in enumerate(places.items(), start=1):
        assert place is not None
        files.check(path, place, names[digest])  # one name may be at several addresses
        images[digest] = _read(said[digest], place, folder)
        if progress is not None:
            progress(number, len(places))
    return images


def _read(said: ImageRef, place: Path, folder: Path) -> CocoImage:
    rgb = read_image(place)
    if rgb.shape[:2] != (said.height, said.width):
        raise BadInput(f"{place} is {rgb.shape[1]}x{rgb.shape[0]}, its masks are for {said.width}x{said.height}")
    ref = replace(said, sha256=image_sha256(rgb), path=place.relative_to(folder).as_posix())
    return CocoImage(ref, path=place)

"""A project in every format, for readers of other people; these tests run in an environment of their own.

`tools/foreign_readers.sh` makes it; there pytest starts here (`--confcutdir`), since the conftest.py above needs torch.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from semsam_annotate.annotations import Project
from semsam_annotate.annotations.exports import FORMATS
from semsam_annotate.annotations.formats.listed import FURTHER
from semsam_annotate.api import decode_rle, encode_rle

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Fact:
    """What the store knows of a mask: ``name`` as ``object`` or ``object:part``, ``owner`` the object it belongs to."""

    id: str
    image: str
    name: str
    mask: np.ndarray
    parent: str | None
    owner: str | None
    split: str

    @property
    def is_part(self):
        return ":" in self.name

    @property
    def box(self):
        rows, columns = np.flatnonzero(self.mask.any(1)), np.flatnonzero(self.mask.any(0))
        return [columns[0], rows[0], np.ptp(columns) + 1, np.ptp(rows) + 1]


@dataclass(frozen=True)
class Exported:
    """The facts, a folder with a file or folder for every format, the reports by format, the folder of the images."""

    facts: dict[str, Fact]
    folder: Path
    reports: dict
    images: Path

    def content(self, name):
        return json.loads((self.folder / name).read_text(encoding="utf-8"))


def generated(folder):
    """Six scenes with parts of parts; objects may hide each other, so that many masks are in pieces and have holes."""
    from semsam_annotate.training.scenes import generate

    project = Project.create(folder / "project")
    (folder / "images").mkdir()
    for number in range(6):
        scene = generate(number, 128, "held-out")
        path = folder / "images" / f"{number}.png"
        Image.fromarray(scene.image).save(path)
        ref = project.ref(path, scene.image)
        made = []
        for mask, kind, name, part, parent in zip(
            scene.masks, scene.kinds, scene.objects, scene.parts, scene.parents, strict=True
        ):
            names = {"object": name, "part": part, "kind": "part" if kind == 1 else "object"}
            above = made[parent].id if parent >= 0 else None
            made.append(project.store.accept(ref, mask=encode_rle(mask), part_of=above, score=0.5, **names))
        project.store.splits.assign(ref.sha256, SPLITS[number % 3], None)
    project.add_images([folder / "images"])
    return project, folder / "images"


def reference(folder):
    """The annotated photos of the reference folder."""
    if "SEMSAM_REFERENCE" not in os.environ:
        pytest.skip("set SEMSAM_REFERENCE to the reference folder")
    data = Path(os.environ["SEMSAM_REFERENCE"]) / "data" / "parts"
    project = Project.create(folder / "project")
    project.import_file("coco", data / "val.json")
    for number, ref in enumerate(project.store.images()):
        project.store.splits.assign(ref.sha256, SPLITS[number % 3], None)
    return project, data


def facts_of(project):
    records = {record.id: record for record in project.store.annotations()}
    splits = project.store.splits.all()
    found = {}
    for record in records.values():
        owner = record
        while owner is not None and owner.kind == "part":
            owner = records.get(owner.part_of or "")
        object = (record if owner is None else owner).object or "unlabelled"
        name = f"{object}:{record.part or 'unlabelled'}" if record.kind == "part" else object
        above = None if owner is None else owner.id
        split = splits[record.image.sha256].split
        image = Path(record.image.path).name
        found[record.id] = Fact(record.id, image, name, decode_rle(record.mask), record.part_of, above, split)
    return found


@pytest.fixture(scope="session", params=[generated, reference], ids=["generated", "reference"])
def exported(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported")
    opened, images = request.param(folder)
    with opened as project:
        reports = {format: project.export(format, folder / format) for format in (*FORMATS, *FURTHER)}
        return Exported(facts_of(project), folder, reports, images)

"""A stand-in for detectron2 on the path, or its own code (tools/detectron2_code.sh), and projects to register."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from semsam_annotate import load_engine
from semsam_annotate.annotations import Project
from semsam_annotate.api import Proposal, encode_rle

STAND_IN = Path(__file__).with_name("detectron2_stand_in")
PLACE = os.environ.get("SEMSAM_DETECTRON2", str(STAND_IN))


@pytest.fixture(autouse=True)
def d2(monkeypatch):
    """detectron2, its catalogs empty."""
    monkeypatch.syspath_prepend(PLACE)
    import detectron2.data
    import detectron2.evaluation
    import detectron2.structures

    detectron2.data.DatasetCatalog.clear()
    detectron2.data.MetadataCatalog.clear()
    return sys.modules["detectron2"]


@pytest.fixture(scope="session")
def engine():
    """The packaged model."""
    opened = load_engine("default", device="cpu")
    yield opened
    opened.close()


@pytest.fixture
def project_of(tmp_path):
    """A project of so many generated scenes with parts of parts, the last one held back."""

    def make(count=3, size=96, family="held-out"):
        from semsam_annotate.training.scenes import generate

        with Project.create(tmp_path / "project", name="shop") as project:
            for number in range(count):
                scene = generate(number, size, family)
                path = tmp_path / "photos" / f"{number}.png"
                path.parent.mkdir(exist_ok=True)
                Image.fromarray(scene.image).save(path)
                ref, made = project.ref(path, scene.image), []
                for row, mask in enumerate(scene.masks):
                    above = made[scene.parents[row]].id if scene.parents[row] >= 0 else None
                    names = {"object": scene.objects[row], "part": scene.parts[row], "part_of": above}
                    made.append(project.store.accept(ref, mask=encode_rle(mask), level=2, score=0.5, **names))
                project.store.splits.assign(ref.sha256, "validation" if number == count - 1 else "train")
            project.add_images([tmp_path / "photos"])
        return tmp_path / "project"

    return make


@pytest.fixture
def proposal_of():
    """A proposal of a mask, sure of its name."""

    def make(mask, score=0.75, part_probability=0.0, **more):
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        box = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
        plain = {"id": "p", "model": "tiny", "stability": 0.5, "level": 3, "box": tuple(map(float, box)), "mask": mask}
        return Proposal(**{**plain, "score": score, "part_probability": part_probability, **more})

    return make

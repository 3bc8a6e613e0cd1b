"""A car with a wheel, a list of images, a film."""

import numpy as np
import pytest

from semsam_annotate.annotations import Project, image_sha256
from semsam_annotate.napari.state.carrying import Carrying
from semsam_annotate.napari.state.image_list import ImageList
from semsam_annotate.napari.state.picture import Picture
from semsam_annotate.napari.state.project_ledger import ProjectLedger
from semsam_annotate.napari.state.session import AnnotationSession

PART = (70.0, 60.0)
"""(x, y) in the scene: the dark part."""


@pytest.fixture
def car(session):
    """Accepted in the session's picture: the whole, then its part."""
    for rung, part in ((1, ""), (0, "wheel")):
        session.click(PART)
        session.show_rung(rung)
        session.label("car", part)
        session.accept()
    return session.accepted


@pytest.fixture
def listed_session(tmp_path, paths, clock):
    """Of a project whose images are a module's ``paths``."""
    Project.create(tmp_path / "project", objects=["car"], images=paths).close()
    ledger = ProjectLedger.open(tmp_path / "project")
    yield AnnotationSession(ledger, clock)
    ledger.close()


@pytest.fixture
def images(listed_session, paths):
    """Their list."""
    images = ImageList(listed_session)
    images.show(paths)
    return images


def frame(scene, plane):
    moved = np.roll(scene, 4 * plane, axis=1)
    return Picture(moved, moved, image_sha256(moved), image_sha256(moved), "film", None, (plane,))


@pytest.fixture
def frames(scene):
    return [frame(scene, plane) for plane in range(5)]


@pytest.fixture
def carrying(session, editing, frames, link, ledger):
    """Of a film of five frames, the first one open; answered at once."""

    def turn(way):
        place = frames.index(session.picture) + way
        if not 0 <= place < len(frames):
            return False
        session.open(frames[place])
        return True

    def answer(prompts):
        engine = link.engine
        carrying.answer(engine.propose_many(engine.encode(session.picture.rgb), prompts, ledger.vocabulary))

    carrying = Carrying(session, editing, turn)
    carrying.asked.connect(answer)
    session.open(frames[0])
    return carrying

"""A car with a wheel."""

import pytest

from semsam_annotate.annotations import Project
from semsam_annotate.napari.state.image_list import ImageList
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

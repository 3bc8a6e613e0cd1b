"""Two windows of one person on one project are noticed; those of two people, or one after the other, are fine."""

import pytest
from napari.components import ViewerModel
from qtpy.QtCore import QObject

from semsam_annotate.napari.canvas.annotator import Annotator
from semsam_annotate.napari.engine.worker import EngineWorker
from semsam_annotate.napari.state.project_ledger import ProjectLedger
from semsam_annotate.napari.state.session import AnnotationSession
from semsam_annotate.napari.widgets.workspace_keeper import SHARED, WorkspaceKeeper


@pytest.fixture
def window(qapp, tmp_path, link, pump):
    """Opens one and gives its keeper and what it says."""
    opened = []

    def open_one(author):
        ledger = ProjectLedger.open(tmp_path / "project", author=author)
        annotator = Annotator(ViewerModel(), AnnotationSession(ledger), EngineWorker(lambda: link, pump))
        parent, lines = QObject(), []
        keeper = WorkspaceKeeper(parent)
        annotator.session.told.connect(lines.append)
        opened.append((annotator, keeper, parent))
        keeper.watch(annotator)
        return keeper, lines

    yield open_one
    for annotator, keeper, _ in opened:
        keeper.stop()
        annotator.close()
        annotator.session.ledger.close()


def test_a_second_window_of_the_same_person_is_told(window, tmp_path):
    first, said = window("ann")
    assert said == []
    assert window("ben")[1] == []
    second, said = window("ann")
    assert said == [SHARED]
    second.stop()
    assert window("ann")[1] == [SHARED]
    first.stop()
    assert window("ann")[1] == []
    assert not [path for path in (tmp_path / "project" / "workspaces").iterdir() if "ann" in path.name]

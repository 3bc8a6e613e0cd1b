"""What the engine is busy with is shown in napari's status bar, and no longer than that."""

import pytest
from napari.utils.progress import progress

from semsam_annotate.napari.widgets import status_line
from semsam_annotate.napari.widgets.status_line import StatusLine

pytestmark = pytest.mark.window


@pytest.fixture
def line(qapp):
    line = StatusLine()
    yield line
    line.close_activity()
    line.deleteLater()


class Redrawing(progress):
    """napari draws the window while it makes an activity, so that the engine's next state comes then."""

    def __init__(self, *given, **facts):
        super().__init__(*given, **facts)
        if self.said:
            self.line._show_activity(self.said.pop(0))


def test_a_state_that_comes_while_napari_draws_leaves_no_activity_behind(line, monkeypatch):
    before = set(progress._all_instances)
    Redrawing.line, Redrawing.said = line, ["Reading the image …"]
    monkeypatch.setattr(status_line, "progress", Redrawing)
    line._show_activity("Starting the engine …")
    assert [one.desc.rstrip(": ") for one in set(progress._all_instances) - before] == ["Reading the image …"]
    line._show_activity("")
    Redrawing.said = [""]
    line._show_activity("Looking for masks …")
    assert set(progress._all_instances) == before

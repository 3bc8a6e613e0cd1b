"""The training tab alone, 320 px wide, in every stage, run by test_train_tab.py: python … FOLDER.

Writes a picture of every stage in napari's dark and light style; fails when a text is cut off.
"""

import sys
import time
from pathlib import Path

import numpy as np
from napari.components import ViewerModel
from napari.qt import get_stylesheet
from PIL import Image
from qtpy.QtCore import QEventLoop
from qtpy.QtWidgets import QApplication, QLabel, QPushButton, QScrollArea

from semsam_annotate.annotations import ImageRef, Project
from semsam_annotate.annotations.retraining.run import LOCK
from semsam_annotate.annotations.retraining.runner import runner_of
from semsam_annotate.annotations.retraining.writer import RunWriter, recorded
from semsam_annotate.api import BadInput
from semsam_annotate.api.lock import held
from semsam_annotate.napari.canvas.annotator import Annotator
from semsam_annotate.napari.engine.worker import EngineWorker
from semsam_annotate.napari.state.project_ledger import ProjectLedger
from semsam_annotate.napari.state.session import AnnotationSession
from semsam_annotate.napari.widgets.before_after import BeforeAfterView
from semsam_annotate.napari.widgets.train_tab import TrainTab

WIDTH = 320
REPORT = {
    "version": "675e0cca6c21",
    "promote": True,
    "reasons": ["oracle is better: +3.4 points [+1.2, +5.6]"],
    "differences": {
        "oracle": [3.4, 1.2, 5.6],
        "label_object_top1_macro": [0.4, -0.8, 1.6],
        "label_part_top1_macro": [12.0, 7.5, 16.9],
    },
    "replay_loss": 0.3,
    "validation_masks": 84,
}
REFUSED = {
    **REPORT,
    "promote": False,
    "reasons": [
        "label_part_top1_macro may be worse: +0.2 points, with 95 % certainty only above -2.9",
        "it forgets: mean oracle on the replay set falls by 6.5 points, 1 allowed",
    ],
}


class Stage:
    """The tab on a project, in one style, in a scroll area as wide as a narrow dock."""

    def __init__(self, folder: Path, style: str) -> None:
        self.folder, self.style = folder, style
        self.session = AnnotationSession(ProjectLedger(Project.open(folder / "project")))
        worker = EngineWorker(lambda: None, lambda action: action())
        self.annotator = Annotator(ViewerModel(), self.session, worker)
        self.tab, self.area = TrainTab(), QScrollArea()
        self.area.setStyleSheet(get_stylesheet(style))
        self.area.setWidgetResizable(True)
        self.area.setWidget(self.tab)
        self.area.resize(WIDTH, 900)
        self.area.show()
        self.tab.attach(self.annotator)

    def look(self, name: str) -> None:
        """Let it draw itself, check that every text fits, keep a picture."""
        self.wait(0.7)
        for label in self.tab.findChildren(QLabel):
            if label.isVisible() and label.text():
                assert label.height() >= label.heightForWidth(label.width()), label.text()
        for button in self.tab.findChildren(QPushButton):
            room = button.width() - 8
            assert button.fontMetrics().horizontalAdvance(button.text()) <= room, button.text()
        assert self.tab.width() <= self.area.viewport().width(), "the tab is wider than the dock"
        for view in self.tab.findChildren(BeforeAfterView):
            assert view.height() == view.heightForWidth(view.width()), view.caption
        self.area.grab().save(str(self.folder / f"{name}-{self.style}.png"))

    def wait(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            QEventLoop().processEvents()
            time.sleep(0.01)

    def close(self) -> None:
        self.tab.detach()
        assert runner_of(self.folder / "project" / "models") is None
        self.wait(0.1)
        self.annotator.close()
        self.session.ledger.close()
        self.area.close()


def usable(tab: TrainTab) -> set[str]:
    """Names of the buttons that do something now, but "by itself", which always does."""
    assert tab.buttons["by itself"].isEnabled()
    return {name for name, button in tab.buttons.items() if button.isEnabled()} - {"by itself"}


def main(folder: Path) -> None:
    """Every stage."""
    project = Project.create(folder / "project", validation=0.0)
    for style in ("dark", "light"):
        stage = Stage(folder, style)
        stage.look("1-empty")
        assert usable(stage.tab) == set()
        assert "Accept masks" in stage.tab.counts.text()
        stage.close()
    project.store.accept(ImageRef("a" * 64, "a.png", 8, 8), mask=np.ones((8, 8), bool), object="car")
    stages(project.models, folder)
    project.close()


def stages(models: Path, folder: Path) -> None:
    """With something to learn from."""
    for style in ("dark", "light"):
        stage = Stage(folder, style)
        stage.look("2-ready")
        assert usable(stage.tab) == {"start"} or style == "light"
        with held(models / LOCK, "taken"), recorded(models) as run:
            marks(run)
            stage.look("3-running")
            assert usable(stage.tab) - {"roll back"} == {"stop"}
            assert "left" in stage.tab.work.text()
            assert stage.tab.bar.isVisible()
            photograph(run)
            (run.folder / "report.html").write_text("<p>")
            run.finish(REPORT)
        stage.look("4-better")
        assert usable(stage.tab) >= {"start", "promote", "report"}
        heard: list[Path] = []
        stage.tab.promoted.connect(heard.append)
        (models / "active.json").write_text('{"promoted": ["675e0cca6c21"]}')
        stage.look("5-promoted")
        assert heard == [folder / "project"]
        assert usable(stage.tab) == {"start", "report", "roll back"}
        (models / "active.json").unlink()
        stage.wait(0.7)
        assert len(heard) == 2
        with recorded(models) as run:
            marks(run)
            photograph(run)
            run.finish(REFUSED)
        stage.look("6-not-better")
        assert stage.tab.buttons["promote"].text() == "Promote anyway"
        fail(models)
        stage.look("7-failed")
        assert "no space left" in stage.tab.error.text()
        by_itself(stage)
        stage.close()
        stage.tab._poll()


def by_itself(stage: Stage) -> None:
    """The loop runs in this window, until it closes or somebody switches it off."""
    path, button = stage.folder / "project" / "project.toml", stage.tab.buttons["by itself"]
    told: list[str] = []
    stage.session.told.connect(told.append)
    button.click()
    assert "project.toml does not say when" in told[-1]
    before = path.read_text()
    path.write_text(before.replace("retrain_after = 0", "retrain_after = 50"))
    button.click()
    stage.look("8-by-itself")
    assert "50 are waited for" in stage.tab.next.text()
    assert button.text() == "By hand only"
    assert runner_of(stage.folder / "project" / "models") is not None
    button.click()
    stage.wait(0.7)
    assert (button.text(), stage.tab.next.isVisible()) == ("Train by itself", False)
    button.click()
    path.write_text(before)


def marks(run: RunWriter) -> None:
    """A third of a training."""
    rng = np.random.default_rng(0)
    run.took([])
    for step in range(1, 68):
        run.mark("training", step, 203, loss=9 + 20 / step**0.5 + rng.normal())


def photograph(run: RunWriter) -> None:
    """Pairs of pictures as training draws them."""
    rows = []
    for number, name in enumerate(("wheel of car", "a part with a very long name of an object with one", "door")):
        files = {kind: f"{number}-{kind}.png" for kind in ("before", "after")}
        for shade, file in zip((90, 160), files.values(), strict=True):
            Image.new("RGB", (300, 200 + 50 * number), (shade, 120, 150)).save(run.pictures / file)
        rows.append({"name": name, **files, "old": 0.43, "new": 0.53 + number / 10})
    run.drew(rows)


def fail(models: Path) -> None:
    """A training that could not."""
    try:
        with recorded(models):
            raise BadInput("there is no space left on the drive of /a/folder/with/a/long/name/that/goes/on/and/on")
    except BadInput:
        return


if __name__ == "__main__":
    application = QApplication([])
    main(Path(sys.argv[1]))
    assert not [name for name in sys.modules if name.split(".")[0] in ("torch", "torchvision", "matplotlib")]

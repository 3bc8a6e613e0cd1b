"""A picture of every state of the window, small and large, dark and light, run by test_states.py: python … FOLDER.

Fails when a text of the dock is cut off. What is pretty has to be looked at.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import napari
import numpy as np
from PIL import Image, ImageDraw
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication, QLabel, QPushButton
from skimage import data
from train_scenarios import REPORT, fail, marks, photograph
from window_person import PATCH, SUIT, Person

from semsam_annotate.annotations import Project
from semsam_annotate.annotations.retraining.run import LOCK
from semsam_annotate.annotations.retraining.writer import recorded
from semsam_annotate.api import encode_rle
from semsam_annotate.api.lock import held
from semsam_annotate.napari.canvas.shortcuts import register
from semsam_annotate.napari.engine.link import EngineChoice
from semsam_annotate.napari.state.drawn import DrawnMask
from semsam_annotate.napari.widgets.dock import LEAST, AnnotationDock

SIZES = {"small": (1000, 700), "large": (3840, 2160)}
"""Those that the screen has room for."""

SHIFT = Qt.KeyboardModifier.ShiftModifier
CAR = {
    ("car", None): [(60, 250), (140, 240), (200, 160), (360, 160), (430, 240), (490, 260), (490, 330), (60, 330)],
    ("car", "window"): [(160, 236), (206, 176), (270, 176), (270, 236)],
    ("car", "door"): [(280, 176), (352, 176), (396, 238), (396, 310), (280, 310)],
    ("car", "handle"): [(290, 252), (316, 252), (316, 260), (290, 260)],
    ("car", "headlight"): [(462, 262), (488, 268), (488, 284), (462, 284)],
    ("car", "front wheel"): [(370, 330), (392, 292), (432, 292), (452, 330), (432, 368), (392, 368)],
    ("car", "rear wheel"): [(100, 330), (122, 292), (162, 292), (182, 330), (162, 368), (122, 368)],
}
"""Object and part -> corners (x, y)."""


class Tour:
    """Looks at the window in both styles and in every size that the screen has room for."""

    def __init__(self, person: Person, folder: Path) -> None:
        self.person, self.folder = person, folder
        screen = QApplication.primaryScreen().size()
        fitting = {name: size for name, size in SIZES.items() if size[0] <= screen.width()}
        self.sizes = fitting
        self.cut: list[str] = []

    def look(self, state: str, before: Callable[[], object] = lambda: None) -> None:
        """Keep a picture for every style and size; ``before``: done in each, when the window has that size."""
        viewer, window = self.person.viewer, self.person.dock.window()
        for size, (width, height) in self.sizes.items():
            window.resize(width, height)
            self.person.rest(0.3)
            viewer.reset_view()
            before()
            for style in ("dark", "light"):
                viewer.theme = style
                self.person.rest(0.4)
                self.person.look(self.folder / f"{state}-{size}-{style}.png")
                self.cut += [f"{state} {size}: {text}" for text in cut_off(self.person.dock)]
            assert window.width() == width, f"{state} is wider than {width}"
            assert window.height() <= height, f"{state} is higher than {height}: {window.height()}"
        viewer.theme = "dark"


def cut_off(dock: AnnotationDock) -> list[str]:
    """Texts of labels and buttons for which there is no room."""
    labels = [label for label in dock.findChildren(QLabel) if label.isVisible() and label.text()]
    buttons = [button for button in dock.findChildren(QPushButton) if button.isVisible() and button.text()]
    cut = [
        label.text() for label in labels if label.wordWrap() and label.height() < label.heightForWidth(label.width())
    ]
    cut += [label.text() for label in labels if not label.wordWrap() and label.width() < label.sizeHint().width()]
    room = {button: button.width() - 6 for button in buttons}
    return cut + [b.text() for b in buttons if b.fontMetrics().horizontalAdvance(b.text()) > room[b]]


def pictures(folder: Path) -> list[Path]:
    """The astronaut, and a car."""
    car = Image.new("RGB", (560, 420), (150, 180, 200))
    pen = ImageDraw.Draw(car)
    pen.rectangle((0, 330, 560, 420), fill=(90, 95, 90))
    shades = [(150, 40, 40), (60, 70, 90), (170, 60, 55), (220, 220, 220), (240, 230, 160), (30, 30, 30), (30, 30, 30)]
    for corners, shade in zip(CAR.values(), shades, strict=True):
        pen.polygon(corners, fill=shade)
    car.save(folder / "car.png")
    Image.fromarray(data.astronaut()).save(folder / "astronaut.png")
    return [folder / "astronaut.png", folder / "car.png"]


def drawn_car() -> list[DrawnMask]:
    """Its masks, as a layer of labels has them."""
    masks = []
    for value, ((name, part), corners) in enumerate(CAR.items(), 1):
        picture = Image.new("1", (560, 420))
        for outline in CAR.values() if part is None else [corners]:
            ImageDraw.Draw(picture).polygon(outline, fill=1)
        masks.append(DrawnMask(value, encode_rle(np.array(picture)), name, part))
    return masks


def main(folder: Path) -> None:
    """Every state."""
    register()
    viewer = napari.Viewer(show=True)
    dock = AnnotationDock(viewer)
    viewer.window.add_dock_widget(dock, name="Annotate objects and parts", area="right")
    person = Person(viewer, dock)
    tour = Tour(person, folder)
    person.rest(0.5)
    try:
        first(tour, folder)
        annotating(tour)
        training(tour)
        dock._open(folder / "project", EngineChoice("weights.safetensors"))
        person.wait(lambda: "did not start" in dock.status.message.text(), 60)
        tour.look("error")
    finally:
        dock.shut_down()
        viewer.close()
    print(json.dumps(tour.cut))


def first(tour: Tour, folder: Path) -> None:
    """Nothing is open yet, then an image is read, with the guide and its keys."""
    person, dock = tour.person, tour.person.dock
    tour.look("empty")
    Project.create(folder / "project", objects=["person", "rocket", "flag"], parts={"face": ["person"]}).close()
    dock.open_project(folder / "project", EngineChoice(), pictures(folder))
    tour.look("encoding")
    person.wait(lambda: not dock.status.work.text(), 240)
    assert dock.width() >= LEAST
    tour.look("guide")
    dock.guide.close()
    tour.look("keys", lambda: (dock.keys.hide(), dock.keys.toggle()))
    dock.keys.hide()


def annotating(tour: Tour) -> None:
    """Masks of a click, the brush, the tree, everything in the image, effects, the list of images."""
    person, dock = tour.person, tour.person.dock
    annotator, session = dock.annotator, person.session
    person.click(SUIT)
    tour.look("ladder")
    person.press("1")
    person.name("person", "")
    person.press("T", SHIFT)
    person.paint((60.0, 40.0), (140.0, 40.0))
    tour.look("touch-up", lambda: scroll_to(dock.panel.touch))
    person.press("Enter")
    annotator.asking.search()
    person.wait(lambda: bool(annotator.review.items), 120)
    tour.look("review", lambda: scroll_to(dock.panel.review))
    session.drop()
    annotator.turn_to(1)
    session.take(drawn_car())
    body, door, window, *_ = session.accepted
    annotator.editing.review([body.id])
    annotator.editing.review([door.id], "without the handle")
    annotator.editing.select([window.id])
    tour.look("tree", lambda: scroll_to(dock.panel.masks))
    person.tab("Effects")
    dock.effects.buttons["recolour"].click()
    person.wait(lambda: not dock.effects.effects.busy, 60)
    tour.look("effects")
    person.tab("Images")
    tour.look("images")
    annotator.turn_to(0)
    person.tab("Annotate")
    person.click(PATCH)


def training(tour: Tour) -> None:
    """Before, while, and after."""
    person = tour.person
    models = person.session.ledger._project.models
    person.tab("Train")
    tour.look("train-before")
    with held(models / LOCK, "taken"), recorded(models) as run:
        marks(run)
        person.rest(1.0)
        tour.look("train-running")
        photograph(run)
        run.finish(REPORT)
    person.rest(1.0)
    tour.look("train-verdict")
    fail(models)
    person.rest(1.0)
    tour.look("train-failed")


def scroll_to(widget: object) -> None:
    """Bring a box of the panel to the top of its tab."""
    area = widget.parentWidget()
    while not hasattr(area, "ensureWidgetVisible"):
        area = area.parentWidget()
    top = widget.mapTo(area.widget(), widget.rect().topLeft()).y()
    area.verticalScrollBar().setValue(max(top - 30, 0))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
    assert not [name for name in sys.modules if name.split(".")[0] in ("torch", "torchvision", "triton")]

"""A person at a window who works on and on, as a seed wants it, and writes down what came of it."""

import os
import random
from collections.abc import Callable
from typing import Any

from kill_diary import Diary, place, stamp
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from window_person import Person

from semsam_annotate.napari.canvas.view import camera_of
from semsam_annotate.napari.state.accepted import AcceptedMask
from semsam_annotate.napari.state.shift import Shift

SHIFT, CONTROL, NONE = (
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.NoModifier,
)
LIVES = 211
"""No two of so many windows ever click on the same pixel, so that a mask that is there twice shows."""


class BusyPerson(Person):
    """Every action is written down before it begins and after it came back, with the masks that the window shows."""

    def __init__(self, viewer, dock, diary: Diary, seed: int, left: dict[str, Any]) -> None:
        """``left``: what the window before had kept."""
        super().__init__(viewer, dock)
        self.diary, self.rng, self.engine = diary, random.Random(seed), None
        height, width = self.session.picture.size
        self.pixels = list(range(seed % LIVES, height * width, LIVES))
        self.rng.shuffle(self.pixels)
        self.session.shifted.connect(self._stored)
        dock._keeper._timer.timeout.connect(self._saved)  # the keeper's own slot comes first: it is being written
        diary.note("opened", **self._shown(), left=left, place=place(dock.annotator.workspace()))

    def work(self, parent: int) -> None:
        """Until it is killed, or its parent, the process with this id, has ended."""
        while os.getppid() == parent:
            weights, actions = zip(*self._actions(), strict=True)
            action = self.rng.choices(actions, weights)[0]
            self.diary.note("begins", action=action.__name__)
            self.dock.annotator.run(action)
            self.turn()
            self.diary.note("did", action=action.__name__, **self._shown())

    def _actions(self) -> list[tuple[int, Callable[[], None]]]:
        return [
            (8, self.point),
            (2, self.hint),
            (4, self.climb),
            (6, self.accept),
            (2, self.letter),
            (3, self.call),
            (2, self.rename),
            (2, self.choose),
            (2, self.mark),
            (2, self.hang),
            (1, self.delete),
            (2, self.touch_up),
            (2, self.leaf),
            (3, self.undo),
            (1, self.redo),
            (2, self.move_camera),
            (3, self.pause),
        ]

    def point(self, held: Qt.KeyboardModifier = NONE) -> None:
        """Click on a pixel that nobody ever clicked on, and wait for its masks."""
        if self.dock.annotator.touch.active or not self.pixels:
            return
        row, column = divmod(self.pixels.pop(), self.session.picture.size[1])
        told: list[str] = []
        self.session.told.connect(told.append)
        QTest.mouseClick(self.canvas, Qt.MouseButton.LeftButton, held, self.spot((column, row)))
        self.wait(self._answered)
        self.session.told.disconnect(told.append)
        if self.session.candidate.ladder is None:
            self.diary.note("refused", told=told)

    def hint(self) -> None:
        self.point(SHIFT)

    def climb(self) -> None:
        self.press(self.rng.choice(["[", "]"]))

    def accept(self) -> None:
        self.press("Enter")

    def letter(self) -> None:
        self.press(self.rng.choice(["P", "C"]))

    def call(self) -> None:
        self.session.label(self.rng.choice(["person", "cup", f"thing {self.rng.randrange(9)}"]), self._part())

    def rename(self) -> None:
        for id in self._some(1):
            self.dock.annotator.editing.rename(id, self.rng.choice(["person", "cat"]), self._part())

    def choose(self) -> None:
        self.dock.annotator.editing.select(self._some(3))

    def mark(self) -> None:
        self.dock.annotator.editing.mark(self._some(2), hidden=self.rng.random() < 0.5, locked=self.rng.random() < 0.3)

    def hang(self) -> None:
        for id in self._some(1):
            self.dock.annotator.editing.attach([id], self.rng.choice([None, *self._some(1)]))

    def delete(self) -> None:
        self.dock.annotator.editing.delete(self._some(1))

    def touch_up(self) -> None:
        """Paint into the mask shown, or draw one; what comes next keeps it, leaves it, or paints on."""
        self.press("T", SHIFT)
        layer = self.dock.annotator.touch_layer.layer
        if layer is not None:
            height, width = self.session.picture.size
            layer.paint([self.rng.randrange(height), self.rng.randrange(width)], 1)

    def leaf(self) -> None:
        self.dock.annotator.actions[self.rng.choice(["next", "previous"])]()

    def undo(self) -> None:
        for _ in range(self.rng.randint(1, 3)):
            self.press("Z", CONTROL)

    def redo(self) -> None:
        self.press("Z", CONTROL | SHIFT)

    def move_camera(self) -> None:
        height, width = self.session.picture.size
        camera = camera_of(self.viewer)
        camera.center = (height * self.rng.uniform(0.45, 0.55), width * self.rng.uniform(0.45, 0.55))
        camera.zoom = self.rng.uniform(1.8, 2.0)

    def pause(self) -> None:
        self.rest(self.rng.uniform(0.05, 0.7))

    def _part(self) -> str:
        return self.rng.choice(["", "", "suit", "handle"])

    def _some(self, most: int) -> list[str]:
        ids = [mask.id for mask in self.session.accepted]
        return self.rng.sample(ids, min(most, len(ids)))

    def _answered(self) -> bool:
        link = self.dock.annotator.worker.link
        engine = getattr(link, "pid", None)
        if engine is not None and engine != self.engine:
            self.engine = engine
            self.diary.note("engine", pid=engine)
        return not self.session.waiting

    def _stored(self, shift: Shift) -> None:
        """The store has taken a step: it is on disk."""
        brought = {mask.id: facts(mask) for mask in shift.brought}
        self.diary.note("stored", picture=self.session.picture.sha256, out=shift.out, brought=brought)

    def _saved(self) -> None:
        if (writing := self.dock._keeper._writing) is not None:
            writing.result()  # it is on disk now
        workspace = self.dock.annotator.workspace()
        self.diary.note("saved", file=stamp(self.session.ledger.workspace), place=place(workspace))

    def _shown(self) -> dict[str, object]:
        accepted = {mask.id: facts(mask) for mask in self.session.accepted}
        return {"picture": self.session.picture.sha256, "accepted": accepted}


def facts(mask: AcceptedMask) -> list[object]:
    """Names, parent, pixels."""
    return [mask.object, mask.part, mask.part_of, mask.rle["counts"]]

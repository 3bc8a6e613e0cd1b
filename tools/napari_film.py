"""Film of a real window for docs/napari.md.

xvfb-run -s "-screen 0 1680x1050x24 +extension GLX" python tools/napari_film.py
"""

import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/napari/widgets"))

from qtpy.QtCore import Qt  # noqa: E402
from qtpy.QtTest import QTest  # noqa: E402
from window_person import SUIT, Person, window  # noqa: E402
from window_scenarios import ready  # noqa: E402

SIZE, COLOURS = (800, 500), 96
ROCKET = (420.0, 150.0)


class Film:
    """Frames of a window, and how long each is shown."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.frames: list[Image.Image] = []
        self.times: list[int] = []

    def take(self, milliseconds: int) -> None:
        """Another frame."""
        self.person.rest(0.25)
        pixels = self.person.viewer.screenshot(canvas_only=False, flash=False)[..., :3]
        small = Image.fromarray(pixels).resize(SIZE, Image.Resampling.LANCZOS)
        self.frames.append(small.quantize(COLOURS, dither=Image.Dither.NONE))
        self.times.append(milliseconds)

    def save(self, path: Path) -> None:
        """Write it as a GIF."""
        first, *others = self.frames
        first.save(path, save_all=True, append_images=others, duration=self.times, loop=0, optimize=True)


def play(film: Film) -> None:
    """A person, her suit, a rocket; the tree and a review; painting; the next photo."""
    person, shift = film.person, Qt.KeyboardModifier.ShiftModifier
    annotator = person.dock.annotator
    film.take(1200)
    QTest.mouseMove(person.canvas, person.spot(SUIT))
    person.rest(1.0)
    film.take(1000)
    for place, rung, letter in ((SUIT, "1", "P"), (SUIT, "3", "S"), (ROCKET, "1", "R")):
        person.click(place)
        film.take(1200)
        person.press("[")
        film.take(700)
        person.press(rung)
        film.take(900)
        person.press(letter)
        film.take(1300)
    person.point(person.dock.panel.masks.tree, 0)
    bar = person.dock.tabs.currentWidget().verticalScrollBar()
    bar.setValue(bar.maximum())
    film.take(1500)
    person.dock.panel.masks.buttons["approve"].click()
    film.take(1300)
    bar.setValue(0)
    person.press("T", shift)
    person.paint((60, 60), (140, 60))
    film.take(1400)
    annotator.actions["drop"]()
    person.press("C", shift)
    person.wait(lambda: not annotator.carrying.running, 60)
    film.take(1600)
    person.tab("Images")
    film.take(1800)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder, window(Path(folder), further=2) as person:
        ready(person)
        film = Film(person)
        play(film)
        film.save(ROOT / "docs/napari.gif")

"""Images in the order of usefulness, part of window_scenarios.py."""

from pathlib import Path

from qtpy.QtCore import Qt
from window_person import window

from semsam_annotate.annotations.next_images import NextImage, NextImages, write_next
from semsam_annotate.api.promotions import PACKAGED
from semsam_annotate.napari.state.picture import ReadImage


def useful(folder: Path) -> dict[str, float]:
    """Ranked while the window is open: done, skip and what is read ahead follow the order, PageUp follows the list."""
    with window(folder, further=3) as person:
        session, shift = person.session, Qt.KeyboardModifier.ShiftModifier
        read: list[ReadImage] = []
        person.dock.annotator.worker.read.connect(read.append)
        person.wait(lambda: [one.path.stem for one in read] == ["astronaut-1"])
        ranked = tuple(NextImage(str(folder / f"astronaut-{number}.png"), str(number), 1.0) for number in (3, 1, 2))
        order = NextImages("random", PACKAGED, PACKAGED, "2030", ranked)
        write_next(folder / "project" / "models", order)
        person.press("N", shift)
        assert session.picture.name == "astronaut-3"
        person.press("PageUp")
        assert session.picture.name == "astronaut-2"
        person.press("D", shift)
        assert session.picture.name == "astronaut-3"
        person.wait(lambda: read[-1].path.stem == "astronaut-1")
        person.press("K", shift)
        assert session.picture.name == "astronaut-1"
        assert session.picture.rgb is read[-1].rgb
        person.press("D", shift)
        assert session.picture.name == "astronaut"
        return {}

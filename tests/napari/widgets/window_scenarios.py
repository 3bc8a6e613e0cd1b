"""What a person does in a real window, run by test_window.py in a process of its own: python … SCENARIO FOLDER.

A process of its own, because torch must not come into one in which napari has drawn, and to see that it does not.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
from qtpy.QtCore import Qt
from training_scenario import train
from useful_scenario import useful
from window_person import PATCH, SUIT, Person, window
from window_watch import Watch

from semsam_annotate.annotations import Annotation, AnnotationStore
from semsam_annotate.napari.canvas.layers import drawn_mask


def stored(folder: Path, status: str | None = "accepted") -> list[Annotation]:
    """What is on disk, read by a store of its own."""
    with AnnotationStore.open(folder / "project" / "annotations.sqlite") as store:
        return store.annotations(status)


def ready(person: Person) -> None:
    """Wait until the engine has read the image."""
    person.wait(lambda: person.session.picture.key in person.encoded, 240)
    person.wait(lambda: not person.dock.status.work.text(), 20)


def read_anew(person: Person) -> None:
    """End the engine; it starts again, and reads the image, beside a window that stands already."""
    person.encoded.clear()
    person.dock.annotator.cancel()
    person.dock.annotator.asking.prepare(None)


def ask_from_here(person: Person) -> None:
    """What a window must never do."""
    engine, rgb = person.dock.annotator.worker.link.engine, person.session.picture.rgb
    for number in range(1, 6):
        engine.encode(np.roll(rgb, number, axis=1))


def annotate(folder: Path) -> dict[str, float]:
    """The whole job: click, move, name, accept, export, take back."""
    watch = Watch()
    with window(folder) as person:
        ready(person)
        began = time.monotonic()
        work = person.work_while(lambda: watch.during(lambda: (read_anew(person), ready(person))))
        reading = time.monotonic() - began
        asking = Watch()
        asking.during(lambda: ask_from_here(person))
        assert asking.waits, "the watch does not see a window that waits"
        person.click(SUIT)
        person.session.show_rung(5)
        person.name("person", "")
        person.press("Enter")
        latencies = [person.click((PATCH[0] + step, PATCH[1])) for step in (16, -16, 8, -8, 0)]
        ladder = person.session.candidate.ladder
        rung = person.session.candidate.rung
        pressed = time.monotonic()
        person.press("]" if rung + 1 < len(ladder) else "[")
        to_draw = time.monotonic() - pressed
        assert len(ladder) == 1 or person.session.candidate.rung != rung
        assert person.dock.panel.ladder.list.rowCount() == len(ladder)
        person.name("person", "suit")
        person.rest(0.3)
        person.look(folder / "napari.png")
        drawn, chosen = drawn_mask(person.dock.annotator.layers.candidate), person.session.candidate.proposal
        assert drawn.any()
        assert np.array_equal(drawn, chosen.mask)
        column, row = (round(value) for value in person.session.candidate.clicks[0].point)
        assert abs(column - PATCH[0]) <= 1
        assert abs(row - PATCH[1]) <= 1
        person.press("Enter")
        whole, record = stored(folder)
        assert (whole.object, whole.part, whole.kind) == ("person", None, "object")
        assert record.mask == chosen.rle
        assert (record.object, record.part, record.level) == ("person", "suit", chosen.level)
        person.press("E", Qt.KeyboardModifier.ControlModifier)
        person.wait(lambda: not person.dock.annotator.exporting.busy)
        assert {"coco.json", "parts.json"} <= {path.name for path in (folder / "project").iterdir()}
        person.press("Z", Qt.KeyboardModifier.ControlModifier)
        assert [other.id for other in stored(folder)] == [whole.id]
        assert [other.status for other in stored(folder, None)] == ["accepted", "deleted"]
        times = {"work_while_encoding_s": work, "start_and_encode_s": reading, "key_to_drawn_s": to_draw}
        times |= {"looks": watch.looks, "waits": len(watch.waits)}
        return {**times, "click_to_drawn_s": float(np.median(latencies))}


def organise(folder: Path) -> dict[str, float]:
    """Digits and letters accept; the tree selects, renames, moves, hides, deletes; all of it goes back."""
    with window(folder) as person:
        ready(person)
        tree, session = person.dock.panel.masks.tree, person.session
        person.click(SUIT)
        person.press("1")
        person.press("P")
        person.click(PATCH)
        person.press("2")
        person.press("S")
        person.click((402.0, 400.0))
        person.press("1")
        person.press("R")
        whole, suit, rocket = session.accepted
        assert (suit.object, suit.part, suit.part_of) == ("person", "suit", whole.id)
        assert [item.text(0) for item in tree.items()] == ["person", "suit", "rocket"]
        person.drag(tree, 1, 2)
        assert session.mask(session.accepted[-1].id).part_of == rocket.id
        person.point(tree, 0)
        assert [mask.id for mask in person.dock.annotator.editing.selection] == [whole.id]
        person.pick(person.dock.panel.labels.object, "flag")
        assert [item.text(0) for item in tree.items()] == ["rocket", "suit", "flag"]
        person.rest(0.3)
        person.look(folder / "tree.png")
        person.point(tree, 1)
        person.dock.panel.masks.buttons["delete"].click()
        assert [item.text(0) for item in tree.items()] == ["rocket", "flag"]
        for _ in range(3):
            person.press("Z", Qt.KeyboardModifier.ControlModifier)
        assert [(mask.id, mask.part_of) for mask in session.accepted] == [
            (whole.id, None),
            (suit.id, whole.id),
            (rocket.id, None),
        ]
        assert {record.id for record in stored(folder)} == {whole.id, suit.id, rocket.id}
        person.press("Tab")
        person.wait(lambda: bool(person.dock.annotator.review.items), 60)
        before = len(session.accepted)
        person.press("Enter")
        person.press("Tab")
        person.press("Backspace")
        assert len(session.accepted) == before + 1
        assert session.candidate.queued
        assert len(stored(folder, "rejected")) == 1
        person.rest(0.3)
        person.look(folder / "review.png")
        return {}


def leave(folder: Path) -> dict[str, float]:
    """Accept a mask, make another one, and be killed."""
    with window(folder) as person:
        person.click(SUIT)
        person.press("Enter")
        person.click(PATCH)
        person.press("]")
        person.rest(1.0)
        print(json.dumps({"rung": person.session.candidate.rung}), flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    return {}


def come_back(folder: Path) -> dict[str, float]:
    """Open the project again: nothing is lost, and Enter accepts what was left."""
    with window(folder, again=True) as person:
        assert person.session.picture.name == "astronaut"
        assert len(person.session.accepted) == 1
        rung = person.session.candidate.rung
        person.press("Enter")
        assert len(stored(folder)) == 2
        return {"rung": rung}


def crash(folder: Path) -> dict[str, float]:
    """The engine is killed between clicks and in the middle of reading the image; nothing accepted is lost."""
    with window(folder) as person:
        ready(person)
        states: list[str] = []
        person.dock.annotator.worker.state.connect(states.append)
        read_anew(person)
        person.wait(lambda: "encoding" in states, 240)
        link = person.dock.annotator.worker.link
        os.kill(link.pid, signal.SIGKILL)
        person.click(PATCH)
        person.press("Enter")
        assert len(stored(folder)) == 1
        os.kill(link.pid, signal.SIGKILL)
        again = person.click(SUIT)
        person.press("Enter")
        assert len(stored(folder)) == 2
        person.dock.status.stop.click()
        person.click(PATCH)
        child = person.dock.annotator.worker.link.pid
    end = time.monotonic() + 10
    while Path(f"/proc/{child}").exists():
        assert time.monotonic() < end, "the engine's process outlives the window"
        time.sleep(0.05)
    return {"click_after_crash_s": again}


def tour(folder: Path) -> dict[str, float]:
    """Through the tabs: paint, carry over to the next photo, mark photos done, an effect, what could be trained."""
    with window(folder, further=2) as person:
        ready(person)
        annotator, session, shift = person.dock.annotator, person.session, Qt.KeyboardModifier.ShiftModifier
        person.click(SUIT)
        person.press("1")
        person.name("person", "")
        person.press("T", shift)
        layer = annotator.touch_layer.layer
        person.paint((60.0, 40.0), (140.0, 40.0))
        assert layer.data[40, 100] == 1
        assert annotator.touch.edits == 1
        person.rest(0.3)
        person.look(folder / "touch-up.png")
        person.press("Enter")
        (record,) = stored(folder)
        assert (record.object, record.edits, record.mask != record.proposed_mask) == ("person", 1, True)
        person.press("C", shift)
        person.wait(lambda: not annotator.carrying.running and session.picture.name == "astronaut-1", 60)
        carried = [other for other in stored(folder) if other.track is not None]
        assert len(carried) == 1 + len([other for other in session.accepted if other.track is not None])
        session.drop()
        person.press("D", shift)
        assert session.picture.name == "astronaut-2"
        person.tab("Images")
        assert [row.state for row in annotator.images.rows] == ["in work", "done", "new"]
        person.look(folder / "images.png")
        annotator.turn_to(0)
        annotator.editing.select([session.accepted[0].id])
        person.tab("Effects")
        before = len(person.viewer.layers)
        effects = person.dock.effects
        effects.buttons["recolour"].click()
        person.wait(lambda: len(person.viewer.layers) == before + 1, 30)
        person.look(folder / "effects.png")
        person.tab("Train")
        person.look(folder / "train.png")
        person.viewer.theme = "light"
        for name in ("Annotate", "Images", "Effects", "Train"):
            person.tab(name)
            person.look(folder / f"light-{name.lower()}.png")
        return {}


SCENARIOS = {
    scenario.__name__: scenario for scenario in (annotate, organise, tour, useful, leave, come_back, crash, train)
}


if __name__ == "__main__":
    print(json.dumps(SCENARIOS[sys.argv[1]](Path(sys.argv[2]))))

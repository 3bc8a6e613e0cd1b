"""What a person does in the window, each until it is on the screen, in seconds; and how much of it."""

import time
from pathlib import Path
from typing import Any

from gui_window import Point, Stopwatch
from qtpy.QtCore import Qt

from semsam_annotate.api import Proposal

Times = dict[str, list[float]]
"""Milliseconds of every time that something was done."""


class Plan:
    """Where to work and how much."""

    def __init__(self, given: dict[str, Any]) -> None:
        self.folder = Path(given["folder"])
        self.size: tuple[int, int] = tuple(given["size"])
        self.rounds, self.images = int(given["rounds"]), int(given["images"])
        self.clicks, self.masks = int(given["clicks"]), int(given["masks"])
        self.began = float(given["began"])


def hovered(watch: Stopwatch, place: Point) -> dict[str, float]:
    """Seconds until the mask under the pointer is known, and on the screen."""
    known: list[float] = []

    def look(proposal: Proposal | None) -> None:
        if proposal is not None:
            known.append(time.perf_counter())

    watch.settle()
    watch.annotator.hover.changed.connect(look)
    began = watch.move(place)
    watch.wait(lambda: bool(known), 10)
    drawn = watch.drawn(known[0])
    watch.annotator.hover.changed.disconnect(look)
    return {"hover computed": known[0] - began, "hover drawn": drawn - began}


def made_ladder(watch: Stopwatch, place: Point) -> float:
    """Seconds from a click until its masks are on the screen."""
    watch.settle()
    ticket = watch.session.ticket
    began = watch.click(place)
    watch.wait(lambda: watch.session.ticket != ticket and not watch.session.waiting)
    assert watch.session.candidate.ladder is not None, watch.person.says()
    return watch.drawn(time.perf_counter()) - began


def moved(watch: Stopwatch) -> float:
    """Seconds from a key until another rung is on the screen."""
    watch.settle()
    candidate = watch.session.candidate
    larger = candidate.ladder is not None and candidate.rung + 1 < len(candidate.ladder)
    began = watch.press(Qt.Key.Key_BracketRight if larger else Qt.Key.Key_BracketLeft)
    return watch.drawn(time.perf_counter()) - began


def accepted(watch: Stopwatch) -> float:
    """Seconds from Enter until the mask is stored and on the screen."""
    watch.settle()
    count = len(watch.session.accepted)
    began = watch.press(Qt.Key.Key_Return)
    assert len(watch.session.accepted) == count + 1
    return watch.drawn(time.perf_counter()) - began


def turned(watch: Stopwatch) -> dict[str, Any]:
    """Seconds from PageDown until the next photo is on the screen and ready for clicks; whether it was read ahead."""
    watch.settle()
    before, noted, read = watch.session.picture, len(watch.states), len(watch.encoded)
    began = watch.press(Qt.Key.Key_PageDown)
    assert watch.session.picture is not before
    shown = watch.drawn(time.perf_counter()) - began
    key = watch.session.picture.key
    watch.wait(lambda: any(state == "idle" for _, state in watch.states[noted:]), 240)
    idle = next(when for when, state in watch.states[noted:] if state == "idle")
    return {"shown": shown, "ready": max(shown, idle - began), "ahead": key not in watch.encoded[read:]}

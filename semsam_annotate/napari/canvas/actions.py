"""What keys and buttons start, by name."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from semsam_annotate.napari.canvas.geometry import pixel_at
from semsam_annotate.napari.canvas.pasting import all_masks, chosen_mask
from semsam_annotate.napari.canvas.tiles import open_tile

if TYPE_CHECKING:
    from semsam_annotate.napari.canvas.annotator import Annotator

Action = Callable[[], object]

FIRST = "finish the touch-up first: Enter keeps it, Esc leaves the mask as it was"
BRUSH_STEP = 1.25
"""How much wider one key makes the brush."""


def named_actions(annotator: "Annotator") -> dict[str, Action]:
    """Every action that has a name; none of them raises."""
    session, review = annotator.session, annotator.review
    actions: dict[str, Action] = {
        "smaller": lambda: session.move(-1),
        "larger": lambda: session.move(1),
        "accept": review.accept,
        "drop": session.drop,
        "undo": session.undo,
        "redo": session.redo,
        "export": annotator.exporting.start,
        "delete": lambda: _delete_under_pointer(annotator),
        "select": lambda: _select_under_pointer(annotator),
        "paste": lambda: _paste(annotator),
        "take": lambda: _take(annotator),
        "next": lambda: annotator.turn(1),
        "previous": lambda: annotator.turn(-1),
        "most useful": annotator.turn_to_useful,
        "propose": lambda: review.step(1) if review.items else annotator.asking.search(),
        "propose back": lambda: review.step(-1),
        "reject": review.reject,
        "done": partial(annotator.settle, "done"),
        "skip": partial(annotator.settle, "skipped"),
        "reopen": partial(annotator.images.mark, "open"),
        "carry": partial(annotator.carrying.start, 1, 1),
        "carry on": partial(annotator.carrying.start, 1),
        "carry back": partial(annotator.carrying.start, -1),
        "carry stop": annotator.carrying.stop,
        "hover": annotator.hover.switch,
        "touch up": annotator.touch.begin,
        "help": annotator.help_wanted.emit,
        "tile": lambda: _open_tile(annotator),
    }
    return {name: partial(annotator.run, partial(_choose, annotator, name, action)) for name, action in actions.items()}


def character_actions(annotator: "Annotator") -> dict[str, Action]:
    """Digits choose masks of the list, letters accept under the name they stand for."""
    keys: dict[str, Action] = {str(row + 1): partial(annotator.session.show_row, row) for row in range(6)}
    for letter, named in annotator.session.letters().items():
        keys[letter.upper()] = partial(annotator.review.accept, named)
    return {key: partial(annotator.run, partial(_choose, annotator, key, action)) for key, action in keys.items()}


def _choose(annotator: "Annotator", name: str, action: Action) -> None:
    """While a mask is touched up, actions that have a meaning for it do that, and the others wait."""
    if annotator.touch.active:
        action = _touching(annotator).get(name, lambda: annotator.session.told.emit(FIRST))
    action()


def _touching(annotator: "Annotator") -> dict[str, Action]:
    touch, layer = annotator.touch, annotator.touch_layer
    return {
        "accept": touch.finish,
        "drop": touch.leave,
        "undo": layer.undo,
        "redo": layer.redo,
        "smaller": partial(layer.widen, 1 / BRUSH_STEP),
        "larger": partial(layer.widen, BRUSH_STEP),
        "help": annotator.help_wanted.emit,
    }


def _delete_under_pointer(annotator: "Annotator") -> None:
    if annotator.image is not None:
        annotator.editing.delete_at(pixel_at(annotator.image, annotator.viewer.cursor.position))


def _select_under_pointer(annotator: "Annotator") -> None:
    if annotator.image is not None:
        mask = annotator.editing.under(pixel_at(annotator.image, annotator.viewer.cursor.position))
        annotator.editing.select([] if mask is None else [mask.id])


def _open_tile(annotator: "Annotator") -> None:
    if annotator.image is not None:
        open_tile(annotator.viewer, annotator.image)


def _paste(annotator: "Annotator") -> None:
    if annotator.image is not None:
        annotator.session.paste(chosen_mask(annotator.viewer, annotator.image, tuple(annotator.layers.all)))


def _take(annotator: "Annotator") -> None:
    if annotator.image is not None:
        annotator.session.take(all_masks(annotator.viewer, annotator.image, tuple(annotator.layers.all)))

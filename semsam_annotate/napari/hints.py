"""What the status line says: what the engine does, and what to do next."""

from semsam_annotate.napari.candidate import Candidate
from semsam_annotate.napari.picture import Picture

WORK = {
    "starting": "Starting the engine …",
    "encoding": "Reading the image …",
    "proposing": "Looking for masks …",
    "idle": "",
}
"""One line for every state of the engine worker."""

KEYS_HELP = (
    "<b>Click</b> new mask · <b>Shift+click</b> add to it · <b>Alt+click</b> take away · <b>Shift+drag</b> box<br>"
    "<b>[ ]</b> or <b>Shift+wheel</b> smaller, larger · <b>Enter</b> accept · <b>Esc</b> drop<br>"
    "<b>Ctrl+Z</b> take back · <b>Ctrl+Shift+Z</b> redo · <b>Del</b> delete mask under pointer<br>"
    "<b>PgUp PgDn</b> previous, next image · <b>Ctrl+E</b> export"
)
"""The keys, as rich text."""


def next_step(picture: Picture | None, candidate: Candidate, waiting: bool, accepted: int) -> str:
    """What to do next, one line."""
    if picture is None:
        return "Open an image: drop a file on the window, or File → Open."
    if waiting:
        return "Waiting for the masks of your click."
    if candidate.ladder is not None:
        return "Choose a size with [ and ], check the labels, then press Enter."
    if candidate.empty:
        done = "" if not accepted else f" {accepted} accepted here." if accepted > 1 else " 1 accepted here."
        return f"Click on an object or a part of it.{done}"
    return "Click again, or press Esc to drop these clicks."

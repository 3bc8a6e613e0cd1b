"""What the status line says: what the engine does, and what to do next."""

from semsam_annotate.napari.state.candidate import Candidate
from semsam_annotate.napari.state.picture import Picture

WORK = {
    "starting": "Starting the engine …",
    "encoding": "Reading the image …",
    "proposing": "Looking for masks …",
    "searching": "Looking through the whole image …",
    "carrying": "Carrying masks over …",
    "idle": "",
}
"""One line for every state of the engine worker."""

KEYS_HELP = (
    "<table cellspacing='0' cellpadding='1'>"
    "<tr><td><b>Click</b></td><td>new mask</td></tr>"
    "<tr><td><b>Shift+click</b></td><td>add to the mask</td></tr>"
    "<tr><td><b>Alt+click</b> or <b>right click</b> &nbsp;</td><td>take away from the mask</td></tr>"
    "<tr><td><b>Shift+drag</b></td><td>box around the object</td></tr>"
    "<tr><td><b>Ctrl+drag</b> &nbsp;<b>Alt+drag</b></td><td>stroke that belongs, that does not</td></tr>"
    "<tr><td><b>[</b> &nbsp;<b>]</b> or <b>Shift+wheel</b></td><td>smaller, larger mask</td></tr>"
    "<tr><td><b>1</b> … <b>6</b></td><td>that mask of the list</td></tr>"
    "<tr><td><b>Enter</b> &nbsp;<b>Esc</b></td><td>accept, drop</td></tr>"
    "<tr><td><b>a letter</b></td><td>accept with the name it stands for</td></tr>"
    "<tr><td><b>Ctrl+Z</b> &nbsp;<b>Ctrl+Shift+Z</b></td><td>take back, redo</td></tr>"
    "<tr><td><b>Tab</b> &nbsp;<b>Shift+Tab</b></td><td>next, previous mask found in the image</td></tr>"
    "<tr><td><b>Backspace</b></td><td>reject the mask found</td></tr>"
    "<tr><td><b>Shift+V</b></td><td>start from the label chosen in another layer</td></tr>"
    "<tr><td><b>Shift+T</b></td><td>touch up with a brush, or draw by hand</td></tr>"
    "<tr><td><b>Shift+H</b></td><td>outline the mask under the pointer, or not</td></tr>"
    "<tr><td><b>Shift+S</b></td><td>select the mask under the pointer</td></tr>"
    "<tr><td><b>Delete</b></td><td>delete the mask under the pointer</td></tr>"
    "<tr><td><b>PgUp</b> &nbsp;<b>PgDn</b></td><td>previous, next image</td></tr>"
    "<tr><td><b>Shift+C</b> &nbsp;<b>Shift+A</b></td><td>carry masks over to the next plane or image, to all</td></tr>"
    "<tr><td><b>Shift+D</b> &nbsp;<b>Shift+K</b></td><td>this image is done, is skipped: the next one</td></tr>"
    "<tr><td><b>Shift+N</b></td><td>the most useful image to go on with</td></tr>"
    "</table>"
)
"""The keys, as rich text."""


def next_step(picture: Picture | None, candidate: Candidate, waiting: bool, accepted: int, touching: bool) -> str:
    """What to do next, one line."""
    if touching:
        return "Paint what belongs, erase what does not, then press Enter; Esc leaves the mask as it was."
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

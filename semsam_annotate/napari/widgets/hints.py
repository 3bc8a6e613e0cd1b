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


def next_step(picture: Picture | None, candidate: Candidate, waiting: bool, accepted: int, touching: bool) -> str:
    """What to do next, one line; actions in braces are keys."""
    if touching:
        return "Paint what belongs, erase what does not. {accept} keeps it, {drop} leaves all as it was."
    if picture is None:
        return "Open an image: drop a file on the window, or File → Open. Guide has a sample photo."
    if waiting:
        return "Waiting for the masks of your click."
    if candidate.ladder is not None:
        return "Choose a size with {smaller} and {larger}, check the labels, then press {accept}."
    if candidate.empty:
        done = "" if not accepted else f" {accepted} accepted here." if accepted > 1 else " 1 accepted here."
        return f"Click on an object or a part of it.{done}"
    return "Click again, or press {drop} to drop these clicks."

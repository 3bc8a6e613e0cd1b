"""What a finished training knew, in few words: made once from its list of ids, which takes seconds of a million."""

import json
from contextlib import suppress
from pathlib import Path

from semsam_annotate.annotations.connection import transaction
from semsam_annotate.annotations.files import write_atomically
from semsam_annotate.annotations.retraining.known_masks import KnownMasks
from semsam_annotate.annotations.retraining.run import Run
from semsam_annotate.annotations.store import AnnotationStore
from semsam_annotate.api.errors import DAMAGED

FILE = "known.json"
"""In the folder of the run; it can always be made again."""


def learned_by(run: Run, store: AnnotationStore) -> KnownMasks:
    """The masks that a training of a project took."""
    path = run.folder / FILE
    kept = _read(path)
    if kept is not None:
        with transaction(store.engine) as connection:
            if kept.holds(connection):
                return kept
    found = KnownMasks.of(store, run.masks)
    with suppress(OSError):  # a folder that cannot be written costs time only
        write_atomically(path, json.dumps(found.to_json()).encode())
    return found


def _read(path: Path) -> KnownMasks | None:
    try:
        return KnownMasks.from_json(json.loads(path.read_bytes()))
    except (OSError, *DAMAGED):
        return None

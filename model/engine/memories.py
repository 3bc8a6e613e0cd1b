"""The prototype memories of an engine: one for each version of the model, in a project's folder or in RAM."""

import logging
import threading
from collections.abc import Iterable
from pathlib import Path

from semsam_annotate.api import BadInput
from semsam_annotate.model.engine.loaded import LoadedModel
from semsam_annotate.model.engine.mask_vectors import vector_length, vectors_version
from semsam_annotate.model.prototypes import PrototypeMemory

log = logging.getLogger("semsam.prototypes")


class PrototypeMemories:
    """Opened when first asked for; a handle of an old model goes on with the memory of that model."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self._open: dict[str, PrototypeMemory] = {}
        self._lock = threading.Lock()

    def of(self, model: LoadedModel) -> PrototypeMemory:
        """The memory of a model's vectors; in RAM, with a warning, where the folder cannot be written."""
        version, length = vectors_version(model), vector_length(model.card.config)
        with self._lock:
            if version not in self._open:
                path = None if self.folder is None else self.folder / f"{version}.sqlite"
                try:
                    self._open[version] = PrototypeMemory(version, length, path)
                except BadInput as error:
                    log.warning("%s; names are remembered until the engine ends", error)
                    self._open[version] = PrototypeMemory(version, length)
            return self._open[version]

    def forget(self, model: LoadedModel, ids: Iterable[str]) -> None:
        """Forget records in the model's memory and in every other that is open; a refresh forgets them in the rest."""
        wanted = list(ids)
        self.of(model)
        with self._lock:
            for memory in self._open.values():
                memory.forget(wanted)

    def close(self) -> None:
        """Close the files; a memory that is asked for again is opened again."""
        with self._lock:
            for memory in self._open.values():
                memory.close()
            self._open.clear()

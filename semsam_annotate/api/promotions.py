"""Which models of a project were promoted: one small file, which everybody reads and the registry writes."""

import json
from dataclasses import dataclass
from pathlib import Path

from semsam_annotate.api.errors import DAMAGED, BadInput

PACKAGED = "packaged"
"""The version that serves when nothing was promoted: the weights that come with the package."""


@dataclass(frozen=True)
class Promotions:
    """Of the models in ``folder``, the ``models`` folder of a project."""

    folder: Path

    @property
    def file(self) -> Path:
        """Where they are written down."""
        return self.folder / "active.json"

    def history(self) -> list[str]:
        """Versions that were promoted and not taken back, the packaged one first; the last one serves.

        BadInput when the file is damaged.
        """
        try:
            content = json.loads(self.file.read_text(encoding="utf-8"))
            return [PACKAGED, *(str(version) for version in content["promoted"])]
        except FileNotFoundError:
            return [PACKAGED]
        except DAMAGED as error:
            raise BadInput(f"{self.file} is damaged: {error}") from error

    def weights(self, version: str) -> Path:
        """Where the weights of a version of the project's own lie."""
        return self.folder / version / "weights.safetensors"

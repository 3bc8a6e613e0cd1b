"""What every format is."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from semsam_annotate.annotations.folders import new_folder
from semsam_annotate.annotations.formats.scene import Scene
from semsam_annotate.annotations.formats.written import Account, Written
from semsam_annotate.api import BadInput

Write: TypeAlias = Callable[[Scene, Path, Account], None]
"""Fills a folder that is there and empty, or writes a file complete or not at all; nothing where no mask is kept.

The scene has one frame at least."""


@dataclass(frozen=True)
class Format:
    """``name``: as in ``--format``. ``says``: for people. ``folder``: whether it is a folder or one file. ``carries``:
    what it holds of a mask beside its pixels, in the words of ``written``. ``planes``: whether it holds stacks.
    ``passes``: how often it goes through the masks."""

    name: str
    says: str
    write: Write
    folder: bool
    carries: tuple[str, ...] = ()
    planes: bool = False
    passes: int = 1

    def export(self, scene: Scene, path: Path) -> Written:
        """Write to ``path``, everything or nothing. BadInput when the format can hold none of the masks."""
        if not self.folder:
            return self._written(scene, path)
        with new_folder(path) as unfinished:
            return self._written(scene, unfinished)

    def _written(self, scene: Scene, path: Path) -> Written:
        account = Account(self.carries)
        if scene.heads:
            self.write(scene, path, account)
        written = account.written(scene)
        if written.objects + written.parts == 0:
            lost = ", ".join(f"{number} {what}" for what, number in written.lost.items())
            raise BadInput(f"nothing to export as {self.name}: {lost}")
        return written

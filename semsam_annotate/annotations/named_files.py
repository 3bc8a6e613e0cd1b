"""Which image a file belongs to: with the wrong folder, two names of a data set can end in the same file."""

from collections.abc import Hashable
from pathlib import Path

from semsam_annotate.api import BadInput


class NamedFiles:
    """Names of the files that were looked at so far."""

    def __init__(self) -> None:
        self._names: dict[Hashable, str] = {}

    def other(self, file: Hashable, name: str) -> str | None:
        """The other name that a file, or a place in one, had before; None where it had none."""
        first = self._names.setdefault(file, name)
        return None if first == name else first

    def check(self, source: Path, file: Path, name: str) -> None:
        """BadInput where a file had another name in ``source`` before."""
        other = self.other(file, name)
        if other is not None:
            raise BadInput(f"{source}: {other} and {name} are both {file}: give the folder that holds both")

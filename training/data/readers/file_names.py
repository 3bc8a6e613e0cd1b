"""Many file names of one folder in little memory."""

import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np


class FileNames:
    """The paths, relative to ``root``, in the order of their names; some tens of bytes each."""

    def __init__(self, root: Path, files: Iterable[Path]) -> None:
        self.root = root
        self._names = np.array(sorted(os.fsencode(file.relative_to(root)) for file in files), np.bytes_)

    @classmethod
    def under(cls, path: Path, suffix: str) -> "FileNames":
        """The files of a folder and its sub-folders with a suffix, or the one file."""
        return cls(path, path.rglob(f"*{suffix}")) if path.is_dir() else cls(path.parent, [path])

    def __len__(self) -> int:
        return len(self._names)

    def __getitem__(self, index: int) -> Path:
        return self.root / os.fsdecode(bytes(self._names[index]))

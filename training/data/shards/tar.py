"""A tar that is written under another name until it is whole."""

import hashlib
import io
import os
import tarfile
from pathlib import Path
from types import TracebackType

from semsam_annotate.training.data.shards.table import BLOCK, Row


class TarShard:
    """Members ``KEY.json`` and ``KEY.jpg`` in turn, dates and owners fixed; gone again unless it is finished."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows: list[Row] = []
        self._partial = path.with_name(f"{path.name}.part")

    def __enter__(self) -> "TarShard":
        self._file = self._partial.open("wb")
        self._tar = tarfile.open(fileobj=self._file, mode="w", format=tarfile.USTAR_FORMAT)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self._partial.unlink(missing_ok=True)

    @property
    def size(self) -> int:
        """Bytes so far."""
        return int(self._tar.offset)

    def add(self, key: str, text: bytes, photo: bytes, masks: int, origin: tuple[str, str]) -> None:
        """Append an image."""
        offset = self.size + BLOCK
        self._member(f"{key}.json", text)
        self._member(f"{key}.jpg", photo)
        digest = hashlib.sha256(text + photo).hexdigest()
        self.rows.append(Row(offset, len(text), len(photo), masks, digest, origin))

    def finish(self) -> tuple[int, str]:
        """Move it into its place; its size in bytes and SHA-256."""
        self._tar.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        with self._partial.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        os.replace(self._partial, self.path)
        return self.path.stat().st_size, digest

    def _member(self, name: str, content: bytes) -> None:
        member = tarfile.TarInfo(name)
        member.size, member.mode, member.mtime = len(content), 0o644, 0
        self._tar.addfile(member, io.BytesIO(content))

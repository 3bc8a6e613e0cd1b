"""A JSON file of long lists, row by row with the place of each: a file of any size is indexed in little memory."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from semsam_annotate.api import BadInput

CHUNK = 1 << 20
_SCAN = json.JSONDecoder().scan_once  # type: ignore[attr-defined]
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Row:
    """One element of a top-level list, or a whole top-level member that is no list: where its bytes are, its value."""

    key: str
    offset: int
    length: int
    value: Any


class JsonRows:
    """The rows of a file whose top level is an object; ``lists`` and ``members``: the keys met so far.

    Raises BadInput, one line with the byte where it stops being JSON.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self.lists: set[str] = set()
        self.members: set[str] = set()

    def __iter__(self) -> Iterator[Row]:
        with self.path.open("rb") as file:
            text = _Text(self.path, file)
            text.expect("{")
            while text.peek() != "}":
                yield from self._member(text)
                if text.peek() != "}":
                    text.expect(",")
            text.expect("}")
            if text.peek():
                raise text.wrong("something follows its end")

    def _member(self, text: "_Text") -> Iterator[Row]:
        key = text.row("").value
        if not isinstance(key, str):
            raise text.wrong("the name of a member is missing")
        text.expect(":")
        self.members.add(key)
        if text.peek() != "[":
            yield text.row(key)
            return
        self.lists.add(key)
        text.expect("[")
        while text.peek() != "]":
            yield text.row(key)
            if text.peek() != "]":
                text.expect(",")
        text.expect("]")


def read_row(file: BinaryIO, offset: int, length: int) -> Any:
    """The value of a row whose place is known."""
    file.seek(offset)
    return json.loads(file.read(length))


class _Text:
    """A window on the file as Latin-1, so that a character is a byte; structure is ASCII, strings are decoded apart."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._path, self._file = path, file
        self._text, self._base, self._at = "", 0, 0
        if file.read(len(_BOM)) == _BOM:
            self._base = len(_BOM)
        else:
            file.seek(0)

    def peek(self) -> str:
        """The next character that is no white space, not consumed; empty at the end."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in " \t\r\n":
                self._at += 1
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def expect(self, mark: str) -> None:
        if self.peek() != mark:
            raise self.wrong(f"{mark!r} is missing")
        self._at += 1

    def row(self, key: str) -> Row:
        """The value that begins here."""
        self.peek()
        while True:
            try:
                value, end = _SCAN(self._text, self._at)
            except (StopIteration, ValueError) as error:
                if not self._more():
                    raise self.wrong("a value is broken or cut off") from error
                continue
            except RecursionError as error:
                raise self.wrong("it is nested too deeply") from error
            cut = end == len(self._text) or self._text[end] in ".eE"  # a number could go on in the next chunk
            if not cut or not self._more():
                break
        piece = self._text[self._at : end]
        row = Row(key, self._base + self._at, end - self._at, value if piece.isascii() else self._decoded(piece))
        self._at = end
        return row

    def wrong(self, why: str) -> BadInput:
        return BadInput(f"{self._path} is not JSON as expected at byte {self._base + self._at}: {why}")

    def _decoded(self, piece: str) -> Any:
        try:
            return json.loads(piece.encode("latin-1"))
        except ValueError as error:
            raise self.wrong("it is not UTF-8") from error

    def _more(self) -> bool:
        """Read on, at least as much again as is waiting, so that a long row costs time in proportion to its length."""
        self._text, self._base, self._at = self._text[self._at :], self._base + self._at, 0
        piece = self._file.read(max(CHUNK, len(self._text)))
        self._text += piece.decode("latin-1")
        return bool(piece)

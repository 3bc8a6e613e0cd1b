"""Writing a JSON file, complete or not at all."""

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from semsam_annotate.annotations.files import clear_unfinished, unfinished, write_atomically
from semsam_annotate.api import BadInput

_ABANDONED = 3600.0
"""Seconds after which an unfinished file beside a new one belongs to a writer that was killed."""


def write_json(path: Path, content: Any) -> None:
    """Write JSON in place of whatever was at ``path``, complete or not at all; BadInput when the folder is missing."""
    _check(path)
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, indent=1) + "\n"
    write_atomically(path, text.encode("utf-8"))


def write_json_rows(path: Path, members: Iterable[tuple[str, Any]]) -> None:
    """Write an object of ``members`` the same way; iterators become lists, a row a line, and are held nowhere."""
    _check(path)
    encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
    with unfinished(path) as file:
        for number, (name, value) in enumerate(members):
            file.write(f"{',' if number else '{'}\n{encode(name)}: ".encode())
            if isinstance(value, Iterator):
                _write_rows(file, value, encode)
            else:
                file.write(encode(value).encode())
        file.write(b"\n}\n")


def write_json_list(path: Path, rows: Iterable[Any]) -> None:
    """Write a list the same way."""
    _check(path)
    with unfinished(path) as file:
        _write_rows(file, rows, json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode)
        file.write(b"\n")


def _write_rows(file: IO[bytes], rows: Iterable[Any], encode: Callable[[Any], str]) -> None:
    between = "["
    for row in rows:
        file.write(f"{between}\n{encode(row)}".encode())
        between = ","
    file.write(b"[]" if between == "[" else b"\n]")


def _check(path: Path) -> None:
    if path.is_dir():
        raise BadInput(f"{path} is a folder: name the file to write")
    if not path.parent.is_dir():
        raise BadInput(f"the folder to write into does not exist: {path.parent}")
    clear_unfinished(path.parent, _ABANDONED, path.name)

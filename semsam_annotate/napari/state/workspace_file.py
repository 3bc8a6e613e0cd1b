"""Where a workspace is kept: one a person, so that several may share a project folder."""

import hashlib
from pathlib import Path


def workspace_file(folder: Path, author: str | None) -> Path:
    """Where an author's workspace is kept in a project folder; the file may be deleted at any time."""
    plain = _plain(folder, author)
    if not author or author.isalnum():
        return plain
    digest = hashlib.sha256(author.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return plain.with_name(f"{plain.stem}-{digest}.json")  # others are written with "-" in the same places


def workspace_lock(workspace: Path) -> Path:
    """Held by the window that keeps a workspace; its name names nobody, since it stays when a person is forgotten."""
    return workspace.with_name(f".{hashlib.sha256(workspace.stem.encode()).hexdigest()[:16]}.lock")


def workspaces_of(folder: Path, author: str) -> list[Path]:
    """Files there that hold an author's workspace, one of an earlier version included."""
    return [path for path in {_plain(folder, author), workspace_file(folder, author)} if path.is_file()]


def _plain(folder: Path, author: str | None) -> Path:
    name = "".join(letter if letter.isalnum() else "-" for letter in author or "")
    return folder / "workspaces" / f"{name or 'somebody'}.json"

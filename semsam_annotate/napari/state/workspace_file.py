"""Where a workspace is kept: one a person, so that several may share a project folder."""

from pathlib import Path


def workspace_file(folder: Path, author: str | None) -> Path:
    """Where an author's workspace is kept in a project folder; the file may be deleted at any time."""
    name = "".join(letter if letter.isalnum() else "-" for letter in author or "")
    return folder / "workspaces" / f"{name or 'somebody'}.json"

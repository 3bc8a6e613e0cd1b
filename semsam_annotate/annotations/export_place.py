"""Where an export may go: not over what the project itself is made of."""

from collections.abc import Iterable
from pathlib import Path

from semsam_annotate.annotations.image_files import SUFFIXES
from semsam_annotate.api import BadInput


def check_place(path: Path, folder: Path, store: str, images: Iterable[str]) -> None:
    """BadInput where ``path`` is a file of the project in ``folder``, whose ``store`` is a file or a URL and whose
    ``images`` are files and folders, where it is a picture, or where what is there is neither a file nor a folder."""
    own = [folder / "project.toml"]
    if "://" not in store:
        own += [folder / f"{store}{ending}" for ending in ("", "-wal", "-shm")]
    if path.resolve() in [file.resolve() for file in own]:
        raise BadInput(f"{path} is a file that the project itself needs: name another one")
    photos = [folder / entry for entry in images]
    if path.is_file() and (path.suffix.lower() in SUFFIXES or path.resolve() in [photo.resolve() for photo in photos]):
        raise BadInput(f"{path} is a picture, which no export replaces: name another file")
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise BadInput(f"{path} is not a file that can be written anew: name another one")

"""Finding the image files that an annotation names, inside one folder and nowhere else."""

from collections.abc import Sequence
from os.path import isfile
from pathlib import Path, PurePosixPath

from semsam_annotate.annotations.coco_images import ways_to_read, within
from semsam_annotate.training.data import problem
from semsam_annotate.training.data.problem import Problem

MOST_FOLDERS = 200
"""Folders beside an annotation file that are looked into for its images."""


def leaves(name: str) -> bool:
    """Whether a relative path names something outside of the folder that it is meant in, here or on Windows."""
    windows = PurePosixPath(name.replace("\\", "/"))
    drive = bool(windows.parts) and len(windows.parts[0]) == 2 and windows.parts[0][1] == ":"
    return not name or "\0" in name or drive or not within(windows)


def find_picture(folder: Path, names: Sequence[str], where: str) -> tuple[Path, tuple[Problem, ...]]:
    """The first of ``names`` that is a file in ``folder``, as written or by its last component.

    Where there is none, the path that was expected and a problem. A name that leaves the folder is never followed, its
    last component may still be there; one that would on Windows alone is first taken as it is written.
    """
    for path in (folder / way for name in names if name for way in ways_to_read(name) if within(way)):
        if isfile(path):  # unlike Path.is_file, false for names that no file system takes
            return path, ()
    kept = [way for name in names if not leaves(name) for way in ways_to_read(name)]
    refused = () if kept else (Problem(problem.PATH_LEAVES, where, names[0] if names else "no file_name"),)
    ends = [PurePosixPath(way.name) for name in names if name for way in ways_to_read(name) if not leaves(way.name)]
    for path in (folder / way for way in ends):
        if isfile(path):
            return path, refused
    if not kept:
        return folder / "refused", refused
    return folder / kept[0], (Problem(problem.MISSING_IMAGE, where, str(folder / kept[0])),)


def guess_folder(annotations: Path, names: Sequence[str]) -> Path:
    """The folder that holds an image: that of the annotations, the one above, or a sub-folder of either."""
    here = annotations.absolute().parent
    tried = [here, *_folders(here), here.parent, *_folders(here.parent)]
    for folder in tried:
        if isfile(find_picture(folder, names, "")[0]):
            return folder
    return here


def _folders(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.is_dir())[:MOST_FOLDERS]
    except OSError:
        return []

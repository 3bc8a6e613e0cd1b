"""What images are called in a file that leaves the project."""

from collections import Counter
from collections.abc import Iterable
from pathlib import PurePosixPath

from semsam_annotate.annotations.record import ImageRef


def exported_names(refs: Iterable[ImageRef], folders: Iterable[str] = ()) -> dict[str, str]:
    """By sha256 the path of every image; of absolute ones only an end, so that no home folder travels.

    No two images have one name: where a relative path comes again, the digest stands before each. The end begins below
    the first of the project's ``folders`` of images that holds it, so that the file and that folder fit together; it is
    as much longer as it takes to tell images apart.
    """
    paths = {ref.sha256: PurePosixPath(ref.path) for ref in refs}
    roots = [PurePosixPath(folder) for folder in folders]
    names = {sha: str(path) for sha, path in paths.items() if not _is_absolute(path)}
    twice = Counter(names.values())
    names = {sha: f"{sha}/{paths[sha].name}" if twice[name] > 1 else name for sha, name in names.items()}
    taken = set(names.values())
    open_ends = {sha: _length(path, roots) for sha, path in paths.items() if sha not in names}
    while open_ends:
        ends = {sha: "/".join(paths[sha].parts[-length:]) for sha, length in open_ends.items()}
        counts = Counter(ends.values())
        settled = {sha: end for sha, end in ends.items() if counts[end] == 1 and end not in taken}
        names |= settled
        taken |= set(counts)
        open_ends = {sha: length + 1 for sha, length in open_ends.items() if sha not in settled}
        spent = {sha for sha, length in open_ends.items() if length >= len(paths[sha].parts)}
        names |= {sha: f"{sha}/{paths[sha].name}" for sha in spent}
        open_ends = {sha: length for sha, length in open_ends.items() if sha not in spent}
    return names


def _length(path: PurePosixPath, roots: Iterable[PurePosixPath]) -> int:
    """How many parts a name has at least."""
    return next((len(path.relative_to(root).parts) or 1 for root in roots if path.is_relative_to(root)), 1)


def _is_absolute(path: PurePosixPath) -> bool:
    drive = path.parts[0] if path.parts else ""
    return path.is_absolute() or (len(drive) == 2 and drive[1] == ":")

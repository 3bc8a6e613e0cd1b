"""Drawing splits so that near-duplicates and frames of one sequence share theirs, and telling where they do not."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from semsam_annotate.annotations.fingerprints import Fingerprints
from semsam_annotate.annotations.likeness import DUPLICATE, Alike, Thumbnail, alike
from semsam_annotate.annotations.project import Project
from semsam_annotate.annotations.record import ImageRef
from semsam_annotate.annotations.splits import Split, hashed_split
from semsam_annotate.annotations.upkeep.problem import Problem
from semsam_annotate.api.lock import held

NEAR = 5
"""Numbers that two frames of one sequence may lie apart."""
SHOWN = 5
LOCK, PATIENCE = ".splits.lock", 600.0
"""In the project's folder of models; seconds to wait for another process's draw."""


@dataclass(frozen=True)
class Leak:
    """Two images that are alike though one is learned from and the other is to judge by; paths as in the store."""

    trained: str
    held: str
    split: str
    likeness: float


def draw_splits(project: Project, refs: Sequence[ImageRef], thumbnails: Mapping[str, Thumbnail]) -> list[Leak]:
    """Give every image that has no split its own, once; near-duplicates and frames of a sequence share one.

    An image joins the group of what it is most alike, or founds one. Splits that were drawn before stay, whatever is
    found: what lies in two splits then is returned. One process draws at a time, the others wait.
    """
    with held(project.models / LOCK, f"the splits of {project.folder} are being drawn: try again", PATIENCE):
        return _drawn(project, refs, thumbnails)


def _drawn(project: Project, refs: Sequence[ImageRef], thumbnails: Mapping[str, Thumbnail]) -> list[Leak]:
    known = {ref.sha256: ref for ref in refs if ref.sha256 in thumbnails}
    listed, drawn = list(known.values()), project.store.splits.all()
    pairs = [pair for pair in alike([thumbnails[ref.sha256] for ref in listed]) if related(pair, listed)]
    nearest = _nearest_drawn(listed, pairs, drawn)
    for group in _groups(listed, pairs, drawn):
        joined = max((nearest[place] for place in group if place in nearest), default=(0.0, ""))[1]
        _draw(project, [listed[place] for place in group], joined, drawn)
    for ref in refs:
        if ref.sha256 not in known:  # its file is gone
            project.split_of(ref)
    return leaks(listed, pairs, project.store.splits.all())


def all_drawn(project: Project, refs: Sequence[ImageRef]) -> Mapping[str, Split]:
    """Splits by sha256, images that have none yet given theirs; nothing is read where none is missing."""
    drawn = project.store.splits.all()
    if all(ref.sha256 in drawn for ref in refs):
        return drawn
    prints = Fingerprints(project)
    draw_splits(project, refs, prints.of(refs))
    prints.save()
    return project.store.splits.all()


def related(pair: Alike, refs: Sequence[ImageRef]) -> bool:
    """Whether two images are near-duplicates, or frames that follow each other in one folder."""
    first, second = refs[pair.first], refs[pair.second]
    return pair.likeness >= DUPLICATE or follow_each_other(first.path, second.path)


def follow_each_other(first: str, second: str) -> bool:
    """Whether two paths differ only in a running number, by little: "walk/0041.png" and "walk/0043.png"."""
    one, other = _numbered(first), _numbered(second)
    return one is not None and other is not None and one[0] == other[0] and 0 < abs(one[1] - other[1]) <= NEAR


def leaks(refs: Sequence[ImageRef], pairs: Iterable[Alike], splits: Mapping[str, Split]) -> list[Leak]:
    """Pairs of which one is trained on and the other is held back or kept for tests, the most alike first."""
    found = []
    for pair in pairs:
        both = [(splits.get(ref.sha256), ref.path) for ref in (refs[pair.first], refs[pair.second])]
        ends = sorted(((split.split, path) for split, path in both if split), key=lambda end: end[0] != "train")
        if len(ends) == 2 and ends[0][0] == "train" != ends[1][0]:
            found.append(Leak(ends[0][1], ends[1][1], ends[1][0], round(pair.likeness, 3)))
    return sorted(found, key=lambda leak: -leak.likeness)


def find_leaks(project: Project) -> list[Leak]:
    """Leaks among a project's annotated images, from older versions or imports; draws nothing, reads what is new."""
    prints = Fingerprints(project)
    annotated = [ref for ref in project.store.images() if project.store.annotations(image=ref)]
    thumbnails = prints.of(annotated)
    prints.save()
    listed = [ref for ref in annotated if ref.sha256 in thumbnails]
    pairs = [pair for pair in alike([thumbnails[ref.sha256] for ref in listed]) if related(pair, listed)]
    return leaks(listed, pairs, project.store.splits.all())


def leaking(project: Project) -> list[Problem]:
    """The same as what is wrong with a store: nothing mends it, since splits never change."""
    pairs: dict[str, list[str]] = {}
    for leak in find_leaks(project):
        pairs.setdefault(leak.split, []).append(f"{leak.held} is like {leak.trained}")
    kind = "pairs of an image of {} and one that is trained on, which are alike"
    return [Problem(kind.format(split), len(those), tuple(those[:SHOWN])) for split, those in sorted(pairs.items())]


def leak_words(found: Sequence[Leak]) -> tuple[str, ...]:
    """What a person should know of them: one sentence a split."""
    told = []
    for split in ("validation", "test"):
        those = [leak for leak in found if leak.split == split]
        if those:
            names = "; ".join(f"{leak.held} is like {leak.trained}" for leak in those[:SHOWN])
            more = f"; and {len(those) - SHOWN} more pairs" if len(those) > SHOWN else ""
            images = len({leak.held for leak in those})
            count = f"{images} image{' of' if images == 1 else 's of'} {split}"
            told.append(f"{count} resemble images that are trained on, which flatters the figures: {names}{more}.")
    return tuple(told)


def _groups(refs: Sequence[ImageRef], pairs: Sequence[Alike], drawn: Mapping[str, Split]) -> list[list[int]]:
    """Places of images without a split, those together that hang together."""
    parent = {place: place for place, ref in enumerate(refs) if ref.sha256 not in drawn}

    def root(place: int) -> int:
        while parent[place] != place:
            parent[place] = parent[parent[place]]
            place = parent[place]
        return place

    for pair in pairs:
        if pair.first in parent and pair.second in parent:
            parent[root(pair.first)] = root(pair.second)
    groups: dict[int, list[int]] = {}
    for place in parent:
        groups.setdefault(root(place), []).append(place)
    return list(groups.values())


def _nearest_drawn(
    refs: Sequence[ImageRef], pairs: Sequence[Alike], drawn: Mapping[str, Split]
) -> dict[int, tuple[float, str]]:
    """Place of an image without a split to what it is most alike of those that have one: the likeness, the sha256."""
    found: dict[int, tuple[float, str]] = {}
    for pair in pairs:
        for place, other in ((pair.first, pair.second), (pair.second, pair.first)):
            if refs[place].sha256 not in drawn and refs[other].sha256 in drawn:
                found[place] = max(found.get(place, (0.0, "")), (pair.likeness, refs[other].sha256))
    return found


def _draw(project: Project, group: Sequence[ImageRef], joined: str, drawn: Mapping[str, Split]) -> None:
    """Give the images of a group their split: that of the image ``joined``, or one of their own."""
    name = min(ref.sha256 for ref in group) if len(group) > 1 else None
    if joined:
        split, name = drawn[joined].split, drawn[joined].group or joined
    else:
        split = hashed_split(name or group[0].sha256, project.config.validation)
    for ref in group:
        project.store.register(ref)
        project.store.splits.assign(ref.sha256, split, name)


def _numbered(path: str) -> tuple[str, int] | None:
    """Folder, name without its last number, ending; and the number."""
    place = PurePosixPath(path)
    found = re.fullmatch(r"(.*?)(\d{1,9})(\D*)", place.stem)
    return None if found is None else (f"{place.parent}/{found[1]}*{found[3]}{place.suffix.lower()}", int(found[2]))

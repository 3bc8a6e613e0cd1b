"""What a format took and what it could not: the same words whichever the format."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from semsam_annotate.annotations.categories import UNLABELLED
from semsam_annotate.annotations.formats.scene import Frame, Scene
from semsam_annotate.annotations.record import Annotation

CUT = "masks cut by smaller ones above them"
HIDDEN = "masks hidden by smaller ones"
OBJECTS = "objects"
PARTS = "parts"
ORPHANS = "parts without an object"
PLANES = "masks in planes of stacks"
UNNAMED = "names (called unlabelled)"
SPLITS = "splits of images"
PARENTS = "parents"

FACTS: dict[str, Callable[[Annotation], bool]] = {
    "levels": lambda record: record.level is not None,
    "scores": lambda record: record.score is not None,
    "tracks": lambda record: record.track is not None,
    "reviews": lambda record: record.review is not None,
    "authors": lambda record: record.author is not None,
    "prompts": lambda record: record.prompt is not None,
    "ladders": lambda record: record.ladder is not None,
}
"""What a record may know beside its mask, its name and its parent."""


@dataclass(frozen=True)
class Written:
    """Images with masks and masks in the files, and how many of what is not: ``lost`` by its name."""

    images: int
    objects: int
    parts: int
    lost: Counter[str] = field(default_factory=Counter)


class Account:
    """Counts what a format takes, frame by frame; ``carries``: what it can hold of a mask beside its pixels."""

    def __init__(self, carries: Collection[str]) -> None:
        self._carries = carries
        self._kinds: Counter[str] = Counter()
        self._lost: Counter[str] = Counter()
        self.frames: set[int] = set()
        """Ids of those that have a mask in the files so far."""

    def lose(self, what: Counter[str]) -> None:
        """Count what cannot be held."""
        self._lost.update(what)

    def keep(self, frame: Frame, kept: Iterable[Annotation]) -> None:
        """Count masks of a frame that are in the files, and what of them is not: their facts, and names that a reader
        asks for. A parent is carried when it is among the masks."""
        records = list(kept)
        self.frames |= {frame.id} if records else set()
        there = {record.id for record in records} if PARENTS in self._carries else set()
        self._kinds.update(record.kind for record in records)
        self._lost[PARENTS] += sum(record.part_of not in there for record in records if record.part_of is not None)
        for name, has in FACTS.items():
            if name not in self._carries:
                self._lost[name] += sum(map(has, records))
        if UNNAMED not in self._carries:
            named = [frame.categories[record.id] for record in records]
            self._lost[UNNAMED] += sum(UNLABELLED in (category.object, category.part) for category in named)

    def written(self, scene: Scene) -> Written:
        """What is in the files of a scene whose frames were all kept."""
        lost = Counter(self._lost)
        lost[PLANES] += scene.in_planes
        if SPLITS not in self._carries:
            lost[SPLITS] += sum(head.split is not None for head in scene.heads if head.id in self.frames)
        return Written(len(self.frames), self._kinds["object"], self._kinds["part"], +lost)

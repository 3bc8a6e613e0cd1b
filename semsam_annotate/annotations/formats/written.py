"""What a format took and what it could not: the same words whichever the format."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
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

FACTS: dict[str, Callable[[Annotation], bool]] = {
    "parents": lambda record: record.part_of is not None,
    "levels": lambda record: record.level is not None,
    "scores": lambda record: record.score is not None,
    "tracks": lambda record: record.track is not None,
    "reviews": lambda record: record.review is not None,
    "authors": lambda record: record.author is not None,
    "prompts": lambda record: record.prompt is not None,
    "ladders": lambda record: record.ladder is not None,
}
"""What a record may know beside its mask and name."""


@dataclass(frozen=True)
class Written:
    """Images and masks in the files, and how many of what is not: ``lost`` by its name."""

    images: int
    objects: int
    parts: int
    lost: Counter[str] = field(default_factory=Counter)


def written(
    frames: Sequence[Frame], kept: Sequence[Annotation], carries: Collection[str], lost: Counter[str]
) -> Written:
    """The account of ``kept`` masks, of whose facts a format carries some; ``lost`` is what was counted already.

    A parent is carried when it is among the masks.
    """
    facts = Counter({name: sum(map(has, kept)) for name, has in FACTS.items() if name not in carries})
    if "parents" in carries:
        there = {record.id for record in kept}
        facts["parents"] = sum(record.part_of not in there for record in kept if record.part_of is not None)
    if "splits" not in carries:
        facts["splits of images"] = sum(frame.split is not None for frame in frames)
    kinds = [record.kind for record in kept]
    return Written(len(frames), kinds.count("object"), kinds.count("part"), +(facts + lost))


def unnamed(scene: Scene, kept: Iterable[Annotation]) -> Counter[str]:
    """How many masks are called ``unlabelled``, or a part of something that is: these formats need a name."""
    categories = [scene.categories[record.id] for record in kept]
    return Counter({UNNAMED: sum(UNLABELLED in (category.object, category.part) for category in categories)})


def flat(frames: Iterable[Frame]) -> tuple[list[Frame], Counter[str]]:
    """The frames that are whole images, and how many masks lie in planes of stacks."""
    listed = list(frames)
    planes = sum(len(frame.records) for frame in listed if frame.plane)
    return [frame for frame in listed if not frame.plane], Counter({PLANES: planes})

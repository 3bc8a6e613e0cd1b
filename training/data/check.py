"""What a data set holds and what is wrong with it."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from semsam_annotate.api import BadInput
from semsam_annotate.training.data import problem
from semsam_annotate.training.data.entry import ImageEntry
from semsam_annotate.training.data.image_names import ImageNames
from semsam_annotate.training.data.problem import Problem
from semsam_annotate.training.data.readers import DataSet
from semsam_annotate.training.data.record import OBJECT, PART, Supervision

EXAMPLES = 5
"""Of each kind of problem so many places are named."""

_KINDS = {OBJECT: "object", PART: "part"}


@dataclass
class Report:
    """Counts of a data set. ``masks``: by kind (object, part, unknown) and ``box`` for boxes without an outline.

    ``supervision``: images by what they teach. ``exhaustive``: images that tell which names are absent. ``objects`` and
    ``parts``: masks by name. ``problems``: how many of each kind, ``examples``: the first places of each.
    """

    format: str
    images: int = 0
    empty_images: int = 0
    masks: Counter[str] = field(default_factory=Counter)
    with_parent: int = 0
    supervision: Counter[str] = field(default_factory=Counter)
    exhaustive: int = 0
    objects: Counter[str] = field(default_factory=Counter)
    parts: Counter[str] = field(default_factory=Counter)
    licenses: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[Problem]] = field(default_factory=dict)

    def add(self, entry: ImageEntry) -> None:
        """Count one image."""
        self.images += 1
        self.empty_images += not len(entry)
        for kind, boxed in zip(entry.kinds, entry.box_only, strict=True):
            self.masks["box" if boxed else _KINDS.get(kind, "unknown")] += 1
        self.with_parent += sum(parent >= 0 for parent in entry.parents)
        names = (flag.name for flag in Supervision if flag in entry.supervision)
        self.supervision[" ".join(str(name).lower() for name in names) or "nothing"] += 1
        self.exhaustive += bool(entry.exhaustive)
        self.objects.update(
            name for name, kind in zip(entry.objects, entry.kinds, strict=True) if name and kind == OBJECT
        )
        self.parts.update(name for name in entry.parts if name)
        self.licenses[entry.license_class] += 1
        self.complain(entry.problems)

    def complain(self, problems: Iterable[Problem]) -> None:
        """Count problems."""
        for found in problems:
            self.problems[found.kind] += 1
            named = self.examples.setdefault(found.kind, [])
            if len(named) < EXAMPLES:
                named.append(found)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        plain = {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "examples"}
        counts = {name: dict(value.most_common()) for name, value in plain.items() if isinstance(value, Counter)}
        examples = {kind: [found.line() for found in named] for kind, named in self.examples.items()}
        return {**plain, **counts, "examples": examples}


def check(data: DataSet, progress: Callable[[int, int], None] = lambda done, total: None) -> Report:
    """Read every annotation, look at every image's header; ``progress(done, total)`` after each image."""
    report = Report(data.format)
    report.complain(data.problems)
    report.complain(data.audit())
    names = ImageNames()
    for index in range(len(data)):
        try:
            entry = data.entry(index)
        except BadInput as error:
            report.images += 1
            report.complain([Problem(problem.NOT_A_ROW, f"image number {index}", str(error))])
        else:
            report.add(entry)
            report.complain(picture_problems(entry, names))
        progress(index + 1, len(data))
    return report


def picture_problems(entry: ImageEntry, names: ImageNames) -> list[Problem]:
    """What is wrong with the image file, from its header; nothing where it is already known to be missing."""
    where = f"image {entry.path.name}"
    if entry.height * entry.width == 0 or entry.is_missing:
        return []
    other = names.other(entry)
    if other is not None:
        return [Problem(problem.SAME_IMAGE, where, f"{entry.named} and {other}: give the folder that holds both")]
    try:
        height, width = entry.picture.upright_size()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        return [Problem(problem.UNREADABLE_IMAGE, where, str(error))]
    if (height, width) != (entry.height, entry.width):
        told = f"{width}x{height}, its annotation says {entry.width}x{entry.height}"
        return [Problem(problem.IMAGE_SIZE, where, told)]
    return []

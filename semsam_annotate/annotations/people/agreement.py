"""How far people agree who annotated the same images: outlines by IoU, names by Cohen's kappa, pair by pair."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import chain, combinations
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select

from semsam_annotate.annotations.connection import transaction
from semsam_annotate.annotations.people.matching import matched
from semsam_annotate.annotations.record import Annotation
from semsam_annotate.annotations.rows import read_records, select_records
from semsam_annotate.annotations.schema import annotation, standing
from semsam_annotate.annotations.store import AnnotationStore
from semsam_annotate.annotations.succession import overruled


@dataclass
class NameAgreement:
    """Of one name: masks of both that lie on each other and that both call so, or only one of them (``other_name``).

    ``iou``: mean of all these. ``only_first``, ``only_second``: masks that only one of the two has.
    """

    both: int = 0
    other_name: int = 0
    iou: float | None = None
    only_first: int = 0
    only_second: int = 0


@dataclass
class PairAgreement:
    """Of two people. ``kappa``: of names where masks lie on each other, None where chance alone would agree as much."""

    first: str
    second: str
    images: int = 0
    both: int = 0
    iou: float | None = None
    same_name: int = 0
    kappa: float | None = None
    only_first: int = 0
    only_second: int = 0
    names: dict[str, NameAgreement] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)


def agreement(store: AnnotationStore, progress: Callable[[int, int], None] | None = None) -> list[PairAgreement]:
    """Every pair of authors that have accepted masks in the same image, by name; an image at a time.

    Masks that another one was chosen over count too: settling a conflict is no agreement of those who had it.
    """
    pairs: dict[tuple[str, str], _Sums] = defaultdict(_Sums)
    for masks in shared_images(store, progress, settled=True):
        for first, second in combinations(sorted(masks), 2):
            pairs[first, second].take(masks[first], masks[second], chain.from_iterable(masks.values()))
    return [sums.result(*pair) for pair, sums in sorted(pairs.items())]


def shared_images(
    store: AnnotationStore, progress: Callable[[int, int], None] | None = None, settled: bool = False
) -> Iterator[dict[str, list[Annotation]]]:
    """Of every image in which several people have accepted masks: these, by author; ones without an author are not.

    ``settled``: with those that another mask was chosen over.
    """
    which = _standing(settled)
    shared = _shared(store, which)
    for number, sha in enumerate(shared, start=1):
        with transaction(store.engine) as connection:
            here = read_records(connection, select_records().where(annotation.c.sha256 == sha, which))
        yield by_author(here)
        if progress is not None:
            progress(number, len(shared))


def by_author(records: Iterable[Annotation]) -> dict[str, list[Annotation]]:
    """Records of each author; those without one are nobody's."""
    found: dict[str, list[Annotation]] = defaultdict(list)
    for record in records:
        if record.author is not None:
            found[record.author].append(record)
    return dict(found)


def _standing(settled: bool) -> ColumnElement[bool]:
    accepted = standing.c.status == "accepted"
    return or_(accepted, overruled()) if settled else accepted


def _shared(store: AnnotationStore, which: ColumnElement[bool]) -> list[str]:
    query = select(annotation.c.sha256).join_from(annotation, standing).where(which)
    several = func.count(annotation.c.author.distinct()) > 1
    with transaction(store.engine) as connection:
        grouped = query.group_by(annotation.c.sha256).having(several).order_by(annotation.c.sha256)
        return list(connection.execute(grouped).scalars())


def name_of(record: Annotation) -> str:
    """ "object", or "object:part", as files have it."""
    left = record.object or "unlabelled"
    return left if record.kind == "object" else f"{left}:{record.part or 'unlabelled'}"


def kappa(pairs: Counter[tuple[str, str]]) -> float | None:
    """Cohen's kappa of how often which two names met; None when there is nothing that chance would not explain."""
    total = pairs.total()
    if not total:
        return None
    first, second = Counter[str](), Counter[str]()
    for (one, other), count in pairs.items():
        first[one] += count
        second[other] += count
    seen = sum(count for (one, other), count in pairs.items() if one == other) / total
    chance = sum(first[name] * second[name] for name in first) / total**2
    return None if chance == 1 else (seen - chance) / (1 - chance)


class _Sums:
    def __init__(self) -> None:
        self.images = 0
        self.met: Counter[tuple[str, str]] = Counter()
        self.all: list[float] = []
        self.ious: dict[str, list[float]] = defaultdict(list)
        self.only: tuple[Counter[str], Counter[str]] = Counter(), Counter()

    def take(self, first: Sequence[Annotation], second: Sequence[Annotation], around: Iterable[Annotation]) -> None:
        self.images += 1
        pairs = matched(first, second, around)
        paired = {id for one, other, _ in pairs for id in (one.id, other.id)}
        for one, other, iou in pairs:
            self.met[name_of(one), name_of(other)] += 1
            self.all.append(iou)
            for name in {name_of(one), name_of(other)}:
                self.ious[name].append(iou)
        for side, records in zip(self.only, (first, second), strict=True):
            side.update(name_of(record) for record in records if record.id not in paired)

    def result(self, first: str, second: str) -> PairAgreement:
        names = sorted({*self.ious, *self.only[0], *self.only[1]})
        return PairAgreement(
            first,
            second,
            images=self.images,
            both=self.met.total(),
            iou=_mean(self.all),
            same_name=sum(count for (one, other), count in self.met.items() if one == other),
            kappa=kappa(self.met),
            only_first=self.only[0].total(),
            only_second=self.only[1].total(),
            names={name: self._of(name) for name in names},
        )

    def _of(self, name: str) -> NameAgreement:
        found, both = self.ious[name], self.met[name, name]
        return NameAgreement(both, len(found) - both, _mean(found), self.only[0][name], self.only[1][name])


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None

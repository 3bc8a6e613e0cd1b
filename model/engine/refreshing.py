"""A prototype memory brought into line with the accepted records: after a swap of the model, or news from elsewhere."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from semsam_annotate.api import Cancelled, CancelToken, Mask, NamedMask, RgbImage, SemsamError, decode_rle
from semsam_annotate.model.prototypes import MaskVectors, Prototype, PrototypeMemory

AT_ONCE = 64
"""Masks that are decoded together."""
Vectors = Callable[[RgbImage, Sequence[Mask], CancelToken | None], MaskVectors]
Turn = Callable[[str], CancelToken | None]
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Refreshed:
    """``made``: masks remembered now; ``forgotten``: those without an accepted record; ``failed``: id -> why.

    ``cancelled``: the rest is still to do, the next run goes on there.
    """

    made: int
    forgotten: int
    failed: dict[str, str]
    cancelled: bool


def refresh(
    memory: PrototypeMemory,
    records: Callable[[], Iterable[NamedMask]],
    vectors: Vectors,
    progress: Progress = lambda done, total: None,
    turn: Turn = lambda image: None,
) -> Refreshed:
    """Remember what is accepted but unknown or renamed, forget what is no longer accepted.

    An image's masks are kept as soon as they are made, so a run that was cancelled or killed goes on where it stopped.
    ``records`` lists the accepted masks once this has begun: what is forgotten from then on is not brought back.
    ``progress``: masks done, masks to do. ``turn``: called with the name of each image before anything is made of it;
    it may wait, and gives what cancels that.
    """
    mark, known = memory.change, memory.prototypes()
    listed = list(records())
    gone = known.keys() - {record.id for record in listed}
    if gone:
        memory.forget(gone)
    todo = [record for record in listed if known.get(record.id) != _prototype(record)]
    made, failed = 0, dict[str, str]()
    for image, group in groupby(sorted(todo, key=lambda record: record.image), key=lambda record: record.image):
        same = list(group)
        try:
            _remember(memory, same, vectors, mark, turn(image))
            made += len(same)
        except Cancelled:
            return Refreshed(made, len(gone), failed, True)
        except SemsamError as error:
            failed |= {record.id: str(error) for record in same}
        progress(made + len(failed), len(todo))
    memory.settle()
    return Refreshed(made, len(gone), failed, False)


def _remember(
    memory: PrototypeMemory, records: list[NamedMask], vectors: Vectors, mark: int, cancel: CancelToken | None
) -> None:
    if cancel is not None:
        cancel.check()
    image = records[0].read()
    for start in range(0, len(records), AT_ONCE):
        some = records[start : start + AT_ONCE]
        found = vectors(image, [decode_rle(record.mask()) for record in some], cancel)
        memory.put([_prototype(record) for record in some], found, unless_after=mark)


def _prototype(record: NamedMask) -> Prototype:
    return Prototype(record.id, record.object, record.part)

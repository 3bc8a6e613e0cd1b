"""A project's images that are not labelled yet, in the order of a strategy, with what to review first in each."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from semsam_annotate.annotations import Project, image_sha256, read_image
from semsam_annotate.annotations.drafts import now
from semsam_annotate.annotations.next_images import NextImage, NextImages, Review, write_next
from semsam_annotate.annotations.record import path_from
from semsam_annotate.annotations.retraining.run import last_finished
from semsam_annotate.api import BadInput, CancelToken, RgbImage
from semsam_annotate.api.automatic import Progress
from semsam_annotate.api.promotions import Promotions
from semsam_annotate.training.active.cache import CandidateCache
from semsam_annotate.training.active.candidate import PART, Candidate, Guess
from semsam_annotate.training.active.choice import DEFAULT, strategy_named
from semsam_annotate.training.active.features import Looker, candidate
from semsam_annotate.training.active.strategy import Moment
from semsam_annotate.training.calibrating import read_calibration

FOLDER = "next"
"""Of candidates, among the project's embeddings."""


@dataclass(frozen=True)
class RankSettings:
    """``strategy``: one of ``choice``, else BadInput. ``count``: images that get proposals to review, ``review`` each.
    ``most``: images that are looked at, drawn by the ``seed``, 0 all; the others follow in their own order."""

    strategy: str = DEFAULT
    count: int = 20
    review: int = 5
    most: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        strategy_named(self.strategy)


@dataclass(frozen=True)
class Ranked:
    """The order, and images that could not be read with the reason."""

    found: NextImages
    skipped: tuple[tuple[Path, str], ...]


def rank(
    project: Project,
    engine: Looker,
    settings: RankSettings,
    progress: Progress = lambda done, total: None,
    cancel: CancelToken | None = None,
) -> Ranked:
    """Order the images that are neither done nor skipped and have no accepted mask, and write the order down.

    Killed or cancelled it leaves the last order as it is; what was looked at is not looked at again. ``engine``: one
    without a memory, as the one that calibrations are fitted with. BadInput when its model changes meanwhile.
    """
    strategy = strategy_named(settings.strategy)
    serving = Promotions(project.models).history()[-1]
    states = project.progress()
    new = [one.path for one in states if one.state == "new"]
    old = [one.path for one in states if one.accepted] if strategy.compares else []
    total = len(old) + min(settings.most or len(new), len(new))
    look = _Looking(project, engine, lambda done: progress(min(done, total), total), cancel or CancelToken())
    labelled = tuple(one.vector for one in look.at(old).values())
    fresh = look.at(_shuffled(new, settings, project), project.store.states.begun(), settings.most)
    backwards = sorted(fresh.items(), reverse=True)  # so that of copies of an image the first stays
    pool = {one.key: (path, one) for path, one in backwards}
    moment = Moment(settings.seed, _round(project), labelled)
    ordered = strategy.order([one for _, one in pool.values()], moment)
    images = [
        _image(path_from(project.folder, pool[one.key][0]), one, settings, place) for place, one in enumerate(ordered)
    ]
    asked = {name: getattr(settings, name) for name in ("most", "count", "review", "seed")}
    found = NextImages(strategy.name, look.version, serving, now(), tuple(images), **asked)
    write_next(project.models, found)
    return Ranked(found, tuple(look.skipped))


class _Looking:
    """Makes candidates of files, or has them already."""

    def __init__(self, project: Project, engine: Looker, done: Callable[[int], None], cancel: CancelToken) -> None:
        self.words, self.engine, self.done, self.cancel = project.vocabulary(), engine, done, cancel
        self.version = engine.info.version
        self.cache = CandidateCache(project.embeddings / FOLDER, self.version, self.words)
        self.calibration = read_calibration(project.models, self.version)
        self.looked, self.skipped = 0, list[tuple[Path, str]]()

    def at(self, paths: Sequence[Path], leave: Collection[str] = (), most: int = 0) -> dict[Path, Candidate]:
        """Of each file that can be read its candidate; ``leave``: sha256 of pixels that are none, ``most``: 0 all."""
        found: dict[Path, Candidate] = {}
        for path in paths:
            if most and len(found) == most:
                break
            self.cancel.check()
            try:
                rgb = read_image(path)
                key = image_sha256(rgb)
                if key not in leave:
                    found[path] = self._candidate(key, rgb)
            except _Swapped as error:
                raise BadInput(str(error)) from None
            except (BadInput, OSError) as error:
                self.skipped.append((path, str(error)))
            self.looked += 1
            self.done(self.looked)
        return found

    def _candidate(self, key: str, rgb: RgbImage) -> Candidate:
        found = self.cache.get(key)
        if found is None:
            found = candidate(self.engine, key, rgb, self.words, self.cancel)
            self._check()
            self.cache.put(found)
        return found.corrected(self.calibration)

    def _check(self) -> None:
        if self.engine.info.version != self.version:
            raise _Swapped("another model serves since images are ranked: rank them again")


class _Swapped(Exception):
    """Half of the images would be looked at by one model, half by another."""


def _shuffled(paths: list[Path], settings: RankSettings, project: Project) -> list[Path]:
    """In an order that hangs on the seed and the images alone where only some are looked at, as they come where all."""
    moment = Moment(settings.seed)
    drawn = sorted(paths, key=lambda path: moment.chance(path_from(project.folder, path), "drawn"))
    return drawn if settings.most else paths


def _round(project: Project) -> int:
    """Trainings after the first, by the number of the last one that came to a verdict: not all are remembered."""
    last = last_finished(project.models)
    return 0 if last is None else last.number - 1


def _image(path: str, one: Candidate, settings: RankSettings, place: int) -> NextImage:
    shown = one.by_use()[: settings.review] if place < settings.count else []
    return NextImage(path, one.key, round(one.clicks, 1), tuple(_review(guess) for guess in shown))


def _review(guess: Guess) -> Review:
    name, chance = guess.names[0] if guess.names else (None, 0.0)
    bare = None if name is None else name.removeprefix(PART)
    return Review(guess.box, bare, round(chance, 4), round(guess.score, 4))

"""A project's images that are not labelled yet, in the order of a strategy, with what to review first in each."""

from dataclasses import dataclass
from pathlib import Path

from semsam_annotate.annotations import Project
from semsam_annotate.annotations.drafts import now
from semsam_annotate.annotations.next_images import NextImage, NextImages, Review, write_next
from semsam_annotate.annotations.record import path_from
from semsam_annotate.annotations.retraining.run import last_finished
from semsam_annotate.api import CancelToken
from semsam_annotate.api.automatic import Progress
from semsam_annotate.api.promotions import Promotions
from semsam_annotate.model.checkpoints.weights import read_header
from semsam_annotate.model.engine.opening import packaged_weights
from semsam_annotate.model.registry import ModelRegistry
from semsam_annotate.training.active.candidate import PART, Candidate, Guess
from semsam_annotate.training.active.choice import DEFAULT, strategy_named
from semsam_annotate.training.active.features import Looker
from semsam_annotate.training.active.looking import Looking
from semsam_annotate.training.active.strategy import Moment


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
    look = Looking(project, engine, lambda done: progress(min(done, total), total), cancel or CancelToken())
    with look.remembering([one.path for one in states]):
        labelled = look.vectors(old)
        fresh = look.candidates(_shuffled(new, settings, project), project.store.states.begun(), settings.most)
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
    look.cache.clear_others(_versions(project))
    return Ranked(found, tuple(look.skipped))


def _shuffled(paths: list[Path], settings: RankSettings, project: Project) -> list[Path]:
    """In an order that hangs on the seed and the images alone where only some are looked at, as they come where all."""
    moment = Moment(settings.seed)
    drawn = sorted(paths, key=lambda path: moment.chance(path_from(project.folder, path), "drawn"))
    return drawn if settings.most else paths


def _versions(project: Project) -> set[str]:
    """Of the models that there are, as engines call them."""
    registry = ModelRegistry(project.models, packaged_weights())
    return {read_header(registry.packaged)["version"], *(one.version for one in registry.versions())}


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

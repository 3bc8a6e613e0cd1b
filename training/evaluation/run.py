"""Click every mask of a sample, ask the engine for its ladder, and keep one row a click."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Protocol

from semsam_annotate.api import BadInput, CancelToken, Embedding, EngineInfo, Ladder, Prompt, RgbImage, Vocabulary
from semsam_annotate.training.evaluation.asking import AskedImage, prompts_of
from semsam_annotate.training.evaluation.correcting import MOST_CLICKS, refine
from semsam_annotate.training.evaluation.result import EvaluationResult, Speed
from semsam_annotate.training.evaluation.rows import CLICK, PROMPTS, ClickRow
from semsam_annotate.training.evaluation.sample import EvaluationSample, SampleImage

Progress = Callable[[int, int], None]
"""Called with (clicks done, clicks in all) after each image; what it raises stops the evaluation."""


class Proposer(Protocol):
    """The part of an Engine that is measured."""

    @property
    def info(self) -> EngineInfo:
        """Name and version."""
        ...

    def encode(self, image: RgbImage) -> Embedding:
        """Encode (H, W, 3) uint8 RGB."""
        ...

    def propose_many(
        self, embedding: Embedding, prompts: Sequence[Prompt], vocabulary: Vocabulary | None = None
    ) -> list[Ladder]:
        """One ladder a prompt."""
        ...

    def close(self) -> None:
        """Free what it holds."""
        ...


@dataclass(frozen=True)
class Asking:
    """How masks are asked for: ``prompts``, kinds of first prompts; ``clicks``, the first prompt and its corrections.

    Raises BadInput for an unknown kind, or clicks that are not 1 to 20.
    """

    prompts: tuple[str, ...] = (CLICK,)
    clicks: int = 1

    def __post_init__(self) -> None:
        if not self.prompts or not set(self.prompts) <= set(PROMPTS):
            raise BadInput(
                f"an evaluation asks with {' or '.join(PROMPTS)}, not {', '.join(self.prompts) or 'nothing'}"
            )
        if self.clicks not in range(1, MOST_CLICKS + 1):
            raise BadInput(f"an evaluation makes 1 to {MOST_CLICKS} clicks a mask, not {self.clicks}")


def evaluate(
    engine: Proposer,
    sample: EvaluationSample,
    clicks: int = 1,
    progress: Progress | None = None,
    prompts: tuple[str, ...] = (CLICK,),
    cancel: CancelToken | None = None,
) -> EvaluationResult:
    """Measure an engine on a sample: each image is encoded once; of its prompts one is asked alone,
    for its time, the rest together.

    clicks: 2 to 20 add corrective clicks, each at the centre of the largest error of the proposal with the best score;
    an engine with the capability "mask" is also given that proposal. prompts: "click", "box", or both, each mask then
    asked for with each. Raises BadInput for an image that cannot be read or is not as large as its file says,
    Cancelled between two requests.
    """
    asking = Asking(prompts, clicks)
    rows: list[ClickRow] = []
    speeds: list[Speed] = []
    for image in sample.images:
        if image.chosen:
            measured, speed = evaluate_image(engine, image, sample.vocabulary, asking, cancel)
            rows += [replace(row, dataset=sample.dataset) for row in measured]
            speeds.append(speed)
        if progress is not None:
            progress(len(rows), len(sample) * len(prompts))
    info = engine.info
    return EvaluationResult(tuple(rows), info.name, info.version, sample.seed, info.device, tuple(speeds))


def evaluate_image(
    engine: Proposer,
    image: SampleImage,
    vocabulary: Vocabulary,
    asking: Asking | None = None,
    cancel: CancelToken | None = None,
) -> tuple[list[ClickRow], Speed]:
    """The rows of one image's chosen masks, kind of prompt by kind, and the times that it took."""
    asked, how, token = AskedImage.read(image), asking or Asking(), cancel or CancelToken()
    token.check()
    started = perf_counter()
    embedding = engine.encode(asked.rgb)
    encoded = perf_counter()
    with_mask = "mask" in engine.info.capabilities

    def ask(some: Sequence[Prompt], words: Vocabulary | None = None) -> list[Ladder]:
        token.check()
        return engine.propose_many(embedding, some, words)

    rows: list[ClickRow] = []
    alone: list[float] = []
    for kind in how.prompts:
        prompts = prompts_of(kind, asked.chosen)
        first, spent = _timed(lambda single: ask(single, vocabulary), prompts[:1])
        alone.append(spent)
        ladders = [*first, *(ask(prompts[1:], vocabulary) if prompts[1:] else [])]
        measured = asked.rows(kind, prompts, ladders)
        later = refine(ask, asked.chosen, prompts, ladders, how.clicks, with_mask)
        rows += [replace(row, later=ious) for row, ious in zip(measured, later, strict=True)]
    return rows, Speed(1000 * (encoded - started), alone[0])


def _timed(ask: Callable[[Sequence[Prompt]], list[Ladder]], single: Sequence[Prompt]) -> tuple[list[Ladder], float]:
    """What a single prompt gets, and the milliseconds until its best mask is there in full."""
    started = perf_counter()
    ladders = ask(single)
    _ = ladders[0].best.mask
    return ladders, 1000 * (perf_counter() - started)

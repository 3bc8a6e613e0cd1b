"""The work of ``semsam evaluate``: read the data sets, ask one engine or two, put the figures together."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from semsam_annotate.api import BadInput
from semsam_annotate.cli.bars import bars

if TYPE_CHECKING:
    from semsam_annotate.training.evaluation import EvaluationResult, EvaluationSample, Proposer
    from semsam_annotate.training.evaluation.pictures import Picture
    from semsam_annotate.training.evaluation.segmentation import SegmentMeter, SegmentTruth
    from semsam_annotate.training.evaluation.segmentation.run import Segmenter

Show = Callable[[str, int, int], None]
"""Starts a progress bar under a name; gives what to tell (done, in all)."""


@dataclass(frozen=True)
class Data:
    """What is read: COCO files, folders of images (one for all or one each), limits of images and masks, the seed.

    ``segment``: whether whole images are measured too.
    """

    annotations: Sequence[Path]
    images: Sequence[Path]
    limits: tuple[int | None, int | None]
    seed: int
    segment: bool

    @property
    def folders(self) -> list[Path]:
        """The folder of each file; BadInput when their numbers do not fit."""
        if not self.annotations or len(self.images) not in (1, len(self.annotations)):
            raise BadInput(
                "an evaluation needs --annotations and --images, one folder for all files or one each: "
                f"{len(self.annotations)} files and {len(self.images)} folders were given"
            )
        return list(self.images) * len(self.annotations) if len(self.images) == 1 else list(self.images)


@dataclass(frozen=True)
class Question:
    """What is asked of every engine: the samples and, to segment, the truth of their images, by data set."""

    samples: "dict[str, EvaluationSample]"
    truths: "dict[str, SegmentTruth]"
    prompts: tuple[str, ...]
    clicks: int


@dataclass(frozen=True)
class Answer:
    """What came back: the rows, the measures of segmentation by data set, and the pictures when they were asked for."""

    result: "EvaluationResult"
    meters: "dict[str, SegmentMeter]" = field(default_factory=dict)
    pictures: "dict[str, list[Picture]]" = field(default_factory=dict)


def answer(
    names: Sequence[str], data: Data, prompts: tuple[str, ...], clicks: int, device: str, page: Path | None
) -> list[Answer]:
    """The answer of each name of weights or of rows; all inputs are read and all engines opened before the work.

    With ``page`` the first also gets pictures.
    """
    from semsam_annotate.training.evaluation import read_result

    known = {name: Answer(read_result(Path(name))) for name in names if is_rows(name)}
    if data.segment and names[0] in known:
        raise BadInput("the rows of a run hold no images: --segment needs the weights themselves")
    if len(known) == len(set(names)):
        return [known[name] for name in names]
    question = read_question(data, prompts, clicks)
    with ExitStack() as stack:
        engines = {name: open_engine(name, device, data.segment) for name in dict.fromkeys(names) if name not in known}
        for engine in engines.values():
            stack.callback(engine.close)
        show = stack.enter_context(bars(passing=True))
        for name, engine in engines.items():
            known[name] = ask(engine, question, show, pictures=page is not None and name == names[0])
    return [known[name] for name in names]


def read_question(data: Data, prompts: tuple[str, ...], clicks: int) -> Question:
    """The samples of the files by name, "" when there is only one, and the truth of whole images where it is asked."""
    from semsam_annotate.training.evaluation import read_sample

    folders = data.folders
    named = list(zip(dataset_names(data.annotations), data.annotations, folders, strict=True))
    samples = {name: read_sample(file, folder, *data.limits, data.seed, name) for name, file, folder in named}
    if not data.segment:
        return Question(samples, {}, prompts, clicks)
    try:
        from semsam_annotate.training.evaluation.segmentation import read_truth
    except ImportError as error:
        raise BadInput(f"--segment needs the extra 'train' ({error}): pip install 'semsam-annotate[train]'") from error
    paths = {name: [image.path for image in sample.images] for name, sample in samples.items()}
    return Question(
        samples, {name: read_truth(file, folder, paths[name]) for name, file, folder in named}, prompts, clicks
    )


def dataset_names(files: Sequence[Path]) -> list[str]:
    """The shortest endings of the paths, without suffix, that tell the files apart; "" for a single one."""
    if len(files) < 2:
        return [""] * len(files)
    if len({file.absolute() for file in files}) < len(files):
        raise BadInput("the same --annotations file is given twice")
    tails = [file.absolute().with_suffix("").parts for file in files]
    length = next(n for n in range(1, max(map(len, tails)) + 1) if len({tail[-n:] for tail in tails}) == len(files))
    return ["/".join(tail[-length:]) for tail in tails]


def is_rows(weights: str) -> bool:
    """Whether a name of weights is a file of rows instead: one of JSON, by its name or its first character."""
    if "://" in weights or weights.endswith(".safetensors"):
        return False
    path = Path(weights)
    if path.suffix == ".json":
        return True
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(1) == b"{"


def ask(engine: "Proposer", question: Question, show: Show, pictures: bool = False) -> Answer:
    """Measure an engine on everything that is asked."""
    from semsam_annotate.training import evaluation

    name = engine.info.name
    results = []
    for dataset, sample in question.samples.items():
        tell = partial(show, " ".join(filter(None, (name, "masks", dataset))))
        results.append(evaluation.evaluate(engine, sample, question.clicks, tell, question.prompts))
    result = evaluation.join_results(results)
    meters = {}
    for dataset, truth in question.truths.items():
        from semsam_annotate.training.evaluation.segmentation import measure_segmentation

        segmenter, words = cast("Segmenter", engine), question.samples[dataset].vocabulary
        tell = partial(show, " ".join(filter(None, (name, "segments", dataset))))
        meters[dataset] = measure_segmentation(segmenter, truth, words, tell)
    return Answer(result, meters, draw(engine, question, result, show) if pictures else {})


def draw(engine: "Proposer", question: Question, result: "EvaluationResult", show: Show) -> "dict[str, list[Picture]]":
    """The pictures of the page, of the kind of prompt that the figures at the top are of."""
    from semsam_annotate.training.evaluation.pictures import draw_pictures

    return draw_pictures(engine, question.samples, result.only(result.prompts[0]), partial(show, "pictures"))


def put_together(new: Answer, old: Answer | None) -> dict[str, Any]:
    """The report of a run, and its difference to another."""
    from semsam_annotate.training import evaluation

    figures = evaluation.report(new.result)
    if new.meters:
        from semsam_annotate.training.evaluation.segmentation import segment_report

        figures["segment"] = {name: segment_report(meter) for name, meter in new.meters.items()}
    if old is None:
        return figures
    figures["against"] = {"engine": old.result.engine, "version": old.result.version}
    between = evaluation.compare_runs(new.result, old.result)
    figures["difference"] = between.pop(figures["prompt"], {})
    figures |= {f"difference_{kind}": value for kind, value in between.items()}
    return {**figures, **_segment_difference(new, old)}


def _segment_difference(new: Answer, old: Answer) -> dict[str, Any]:
    if not new.meters or not old.meters:
        return {}
    from semsam_annotate.training.evaluation.segmentation import compare_segmentation

    return {
        "difference_segment": {name: compare_segmentation(one, old.meters[name]) for name, one in new.meters.items()}
    }


def open_engine(weights: str, device: str, segment: bool) -> "Proposer":
    """The engine of a name, "none" is the weights-free ladder; BadInput when it cannot ``segment`` and should.

    A local one keeps nothing on disk, what was encoded before would make it look fast, and remembers no accepted mask,
    which would name itself.
    """
    from semsam_annotate import load_engine
    from semsam_annotate.model.engine import LocalEngine
    from semsam_annotate.training.evaluation import WeightsFreeEngine

    if weights == "none":
        engine: Proposer = WeightsFreeEngine()
    else:
        loaded = load_engine(weights, device)
        engine = loaded
        if isinstance(loaded, LocalEngine):
            engine = loaded.under(replace(loaded.settings, cache_folder=None, prototypes_folder=None))
    if segment and "segment" not in engine.info.capabilities:
        engine.close()
        raise BadInput(f"{weights} has no trained generic branch, so it cannot be asked with --segment")
    return engine

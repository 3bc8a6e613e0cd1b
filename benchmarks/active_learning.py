"""Which photos to label next? A simulated annotator asks every strategy, answers from the truth and counts clicks.

    python benchmarks/active_learning.py --data FOLDER --work runs/active [--kinds car,person] [--queries 10,5]
        [--seeds 0,1,2,3] [--strategies random,foreground,…] [--base person=WEIGHTS] [--rows FOLDER]

FOLDER holds parts with train.json, val.json and images. Of each kind the photos of train.json are the pool (``--pool``
of them, drawn by the seed), all of val.json are the test, which is never queried. Ten photos drawn by the seed are
labelled first; then ``--rounds`` times a strategy orders the rest of the pool by what the newest model says of it, the
first ``--queries`` of them are labelled, and the full model is fine-tuned from the base weights on all that is labelled
exactly as ``semsam retrain`` does it. Four more, outside of the pool, are labelled at the start to calibrate on.
``--base``: weights that never saw the kind's parts, where the packaged ones did (``held_out.py``).

Clicks: of every mask those until IoU 0.9 with the model of that moment, corrections included, five at most, and one
more where its first name is not the right one. Settings go one after the other, within each seed by seed, within a
seed strategy by strategy; killed at any time it goes on. ``active_learning_table.py`` makes the table.
"""

import argparse
import shutil
import time
from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from active_learning_kind import Kind, Options
from active_learning_rounds import Cell, Round
from new_parts import engine_of
from subject import ROOT

from semsam_annotate.annotations import image_sha256, read_image
from semsam_annotate.api import BadInput, Vocabulary
from semsam_annotate.model.checkpoints.weights import load_checkpoint
from semsam_annotate.model.engine import LocalEngine
from semsam_annotate.model.engine.opening import packaged_weights
from semsam_annotate.training.active import STRATEGIES, Candidate, Moment, strategy_named
from semsam_annotate.training.active.cache import CandidateCache
from semsam_annotate.training.active.features import candidate
from semsam_annotate.training.calibrating import Calibration, calibrate
from semsam_annotate.training.data.pack import write_pack
from semsam_annotate.training.data.readers import open_data
from semsam_annotate.training.evaluation.result import EvaluationResult
from semsam_annotate.training.evaluation.rows import ClickRow
from semsam_annotate.training.evaluation.run import evaluate, evaluate_image
from semsam_annotate.training.evaluation.sample import read_sample
from semsam_annotate.training.evaluation.segmentation.run import SegmentMeter
from semsam_annotate.training.evaluation.segmentation.truth import read_truth
from semsam_annotate.training.loop import train
from semsam_annotate.training.retrain.finish import finish
from semsam_annotate.training.retrain.settings import RetrainSettings, fine_tune_config

GOOD, CLICKS = 0.9, 5
MASKS = 10
"""Test clicks a photo."""


class Annotator:
    """Labels what one strategy asks for in one setting, round by round."""

    def __init__(self, kind: Kind, cell: Cell) -> None:
        self.kind, self.cell, self.options = kind, cell, kind.options
        self.folder = kind.folder / cell.path

    def run(self) -> None:
        """Do the rounds that are missing."""
        for number in range(self.options.rounds + 1):
            if self.cell.round(number) is None:
                self._round(number)
            if number > 1:
                self._weights_file(number - 1).unlink(missing_ok=True)
        self._weights_file(self.options.rounds).unlink(missing_ok=True)

    def _round(self, number: int) -> None:
        began = time.monotonic()
        before = None if number == 0 else self.cell.done(number - 1)
        asked = self._asked(number, before)
        chosen = time.monotonic()
        clicks = self._clicks(number, asked if before else [*asked, *self.kind.held(self.cell.seed)])
        labelled = [*(before.labelled if before else ()), *asked]
        answered = time.monotonic()
        engine = engine_of(self._weights(number, labelled))
        learned = time.monotonic()
        result, figures = self._measure(engine)
        engine.close()
        ends = (began, chosen, answered, learned, time.monotonic())
        minutes = [round((end - start) / 60, 2) for start, end in pairwise(ends)]
        spent = dict(zip(("choosing", "answering", "learning", "measuring"), minutes, strict=True))
        total = clicks + (before.clicks if before else 0)
        self.cell.keep(Round(number, total, tuple(labelled), figures, spent), [_row(row) for row in result.rows])

    def _asked(self, number: int, before: Round | None) -> list[int]:
        pool = self.kind.drawn(self.cell.seed)
        if before is None:
            return pool[: self.options.start]
        left = [id for id in pool if id not in before.labelled]
        weights = self._weights(number - 1, before.labelled)
        calibration = self._calibration(weights)
        looks = {id: one.corrected(calibration) for id, one in self._candidates(weights, pool, number == 1).items()}
        moment = Moment(self.cell.seed, number - 1, tuple(looks[id].vector for id in before.labelled))
        ordered = strategy_named(self.cell.strategy).order([looks[id] for id in left], moment)
        ids = {looks[id].key: id for id in left}
        return [ids[one.key] for one in ordered[: self.cell.query]]

    def _candidates(self, weights: Path, ids: Sequence[int], keep: bool) -> dict[int, Candidate]:
        """Of photos under some weights; what ignores them gets bare ones. ``keep``: for the other strategies."""
        if self.cell.strategy == "random":
            return {id: Candidate(str(id), (), np.zeros(1, np.float32)) for id in ids}
        version = load_checkpoint(weights)[2]
        cache, engine = CandidateCache(self.kind.folder / "candidates", version, self.kind.words), engine_of(weights)
        found = {}
        for id in ids:
            rgb = read_image(self.kind.photo(id))
            key = image_sha256(rgb)
            one = cache.get(key) or candidate(engine, key, rgb, self.kind.words)
            cache.put(one)
            found[id] = one
        engine.close()
        if not keep:
            shutil.rmtree(cache.folder, ignore_errors=True)
        return found

    def _calibration(self, weights: Path) -> Calibration:
        """Of some weights on the photos held back, as ``semsam models calibrate`` keeps it."""
        if self.cell.strategy == "random":
            return Calibration()
        truth = self.kind.questions(f"{self.cell.path}/held", self.kind.held(self.cell.seed))
        engine = engine_of(weights)
        with TemporaryDirectory() as models, suppress(BadInput):  # too few masks: as the network says it
            return calibrate(engine, Path(models), read_sample(truth, self.kind.data)).calibration
        return Calibration()

    def _clicks(self, number: int, asked: Sequence[int]) -> int:
        """What labelling photos costs with the model of that moment."""
        before = self.kind.base if number == 0 else self._weights(number - 1, self.cell.done(number - 1).labelled)
        engine = engine_of(before)
        sample = read_sample(self.kind.questions(f"{self.cell.path}/asked", asked), self.kind.data)
        rows = evaluate(engine, sample, clicks=CLICKS).rows
        engine.close()
        return sum((row.clicks_to(GOOD, CLICKS) or CLICKS) + (not named(row)) for row in rows)

    def _weights_file(self, number: int) -> Path:
        folder = self.kind.folder / self.cell.start.path if number == 0 else self.folder
        return folder / f"{number}.safetensors"

    def _weights(self, number: int, labelled: Sequence[int]) -> Path:
        """The default of ``semsam retrain``, from the base weights; made again where they are gone."""
        out = self._weights_file(number)
        if out.exists():
            return out
        out.parent.mkdir(parents=True, exist_ok=True)
        pack, run = out.with_suffix(".pack"), out.with_suffix(".run")
        if not pack.exists():
            truth = self.kind.annotated(f"{self.cell.path}/labelled-{number}", labelled)
            write_pack(open_data(truth, self.kind.data), pack)
        settings = RetrainSettings(seed=self.cell.seed, steps=self.options.steps)
        config = fine_tune_config(self.kind.base, pack, settings)
        train(config, run)
        made = finish(self.kind.base, run, config, settings.blend, out.with_suffix(".new.safetensors"), settings.naming)
        made.replace(out)
        shutil.rmtree(run, ignore_errors=True)
        if pack.is_dir():
            shutil.rmtree(pack)
        pack.unlink(missing_ok=True)
        return out

    def _measure(self, engine: LocalEngine) -> tuple[EvaluationResult, dict[str, float]]:
        """The test: clicks on every photo, and average precision of its parts without any; each is encoded once."""
        sample = read_sample(self.kind.test, self.kind.data, self.options.test, MASKS)
        truths = read_truth(self.kind.test, self.kind.data, [image.path for image in sample.images])
        found = {image.path: image for image in truths.images}
        meter, rows = SegmentMeter(Vocabulary((), self.kind.words.parts)), list[ClickRow]()
        for image in sample.images:
            rows += evaluate_image(engine, image, sample.vocabulary)[0]
            if image.path in found:
                meter.add(engine, found[image.path])
        precision = meter.part_name.figures()
        info = engine.info
        result = EvaluationResult(tuple(rows), info.name, info.version, sample.seed, info.device, ())
        return result, {"part_ap": round(precision["ap"], 3), "part_ap50": round(precision["ap50"], 3)}


def named(row: ClickRow) -> bool:
    """Whether the first name suggested is the right one; what has no name needs none."""
    rank, name = (row.part_rank, row.part) if row.is_part else (row.object_rank, row.object)
    return name is None or rank == 0


def _row(row: ClickRow) -> dict[str, Any]:
    right = None if row.part_rank is None else float(row.part_rank == 0)
    return {"image": "/".join(row.group), "max": row.max, "oracle": row.oracle, "all": row.all, "part": right}


def main() -> None:
    """Do what is missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--rows", type=Path, default=ROOT / "benchmarks/results/active_learning")
    parser.add_argument("--kinds", default="car,person")
    parser.add_argument("--queries", default="10,5")
    parser.add_argument("--seeds", default="0,1,2,3")
    parser.add_argument("--strategies", default=",".join(one.name for one in STRATEGIES))
    parser.add_argument("--base", action="append", default=[], help="KIND=WEIGHTS, the packaged ones else")
    parser.add_argument("--start", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--pool", type=int, default=200, help="Photos of the pool; 1000 for all")
    parser.add_argument("--test", type=int, help="Photos of the test, all if left out")
    parser.add_argument("--steps", type=int, default=RetrainSettings.steps)
    given = parser.parse_args()
    bases = dict(text.split("=", 1) for text in given.base)
    options = Options(
        given.data, given.work, given.rows, given.start, given.rounds, given.pool, given.test, given.steps
    )
    kinds = [Kind(name, Path(bases.get(name, packaged_weights())), options) for name in given.kinds.split(",")]
    for query in map(int, given.queries.split(",")):
        for kind in kinds:
            for seed in map(int, given.seeds.split(",")):
                for strategy in given.strategies.split(","):
                    cell = Cell(options.rows / kind.folder.name, query, seed, strategy)
                    Annotator(kind, cell).run()
                    print(time.strftime("%H:%M"), kind.name, cell.path, cell.done(options.rounds).figures, flush=True)


if __name__ == "__main__":
    main()

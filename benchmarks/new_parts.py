"""A kind of object whose parts the model never saw: what do N annotated photos of it bring, by which way of learning?

    python benchmarks/new_parts.py --data FOLDER --out runs/new-parts [--kind car] [--base default]
        [--images 30,100] [--draws 2] [--arms prototypes,names,full,blend-0.7,blend-0.5] [--json FILE]

FOLDER holds parts and natural, each with train.json (parts), val.json and images; ``--base`` are weights that were
trained without the kind. "prototypes" remembers the accepted masks, nothing is trained; "names" trains the class heads
and the text tower alone; "full" trains everything as ``semsam retrain`` does, beside replayed scenes; "blend-S" is S of
that and the rest the old weights. Judged on the kind's photos of parts/val, before and after, paired by click; "loss"
is what the other photos of parts/val and those of natural/val lose. Killed at any time it goes on.
"""

import argparse
import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from subject import ROOT

from semsam_annotate.annotations import read_image
from semsam_annotate.model.engine import LocalEngine
from semsam_annotate.model.engine.loaded import LoadedModel
from semsam_annotate.model.engine.opening import packaged_weights
from semsam_annotate.model.engine.settings import EngineSettings
from semsam_annotate.training.data.pack import write_pack
from semsam_annotate.training.data.readers import open_data
from semsam_annotate.training.evaluation.metrics import compare, summarize
from semsam_annotate.training.evaluation.result import EvaluationResult, join_results
from semsam_annotate.training.evaluation.run import evaluate
from semsam_annotate.training.evaluation.sample import read_sample
from semsam_annotate.training.loop import train
from semsam_annotate.training.retrain.blend import blend
from semsam_annotate.training.retrain.run import RetrainSettings, fine_tune_config

GAINS = ("max", "oracle", "all", "label_part_top1", "label_part_top1_macro", "label_object_top1")
LOSSES = ("max", "oracle")
KEPT_IMAGES, KEPT_MASKS, MASKS = 60, 5, 10
Content = dict[str, Any]


def of_kind(content: Content, kind: str, wanted: bool = True, keep: Iterable[int] | None = None) -> Content:
    """The photos with parts of a kind (or all others), only those in ``keep`` where it is given."""
    names = {row["id"]: row["name"] for row in content["categories"]}
    has = {row["image_id"] for row in content["annotations"] if names[row["category_id"]].startswith(f"{kind}/")}
    kept = set(keep) if keep is not None else {row["id"] for row in content["images"]}
    images = [row for row in content["images"] if row["id"] in kept and (row["id"] in has) == wanted]
    chosen = {row["id"] for row in images}
    rows = [row for row in content["annotations"] if row["image_id"] in chosen]
    used = {row["category_id"] for row in rows}
    categories = [row for row in content["categories"] if row["id"] in used]
    return {**content, "images": images, "annotations": rows, "categories": categories}


class Subject:
    """A kind, the weights that do not know its parts, and what both are measured on."""

    def __init__(self, data: Path, out: Path, kind: str, base: Path, steps: int) -> None:
        self.data, self.out, self.kind, self.base, self.steps = data / "parts", out, kind, base, steps
        out.mkdir(parents=True, exist_ok=True)
        self.train: Content = json.loads((self.data / "train.json").read_text(encoding="utf-8"))
        val: Content = json.loads((self.data / "val.json").read_text(encoding="utf-8"))
        for name, wanted in (("kind", True), ("others", False)):
            (out / f"{name}.json").write_text(json.dumps(of_kind(val, kind, wanted)), encoding="utf-8")
        self.kept = ((out / "others.json", self.data), (data / "natural/val.json", data / "natural"))

    def drawn(self, images: int, draw: int) -> Path:
        """The COCO file of a draw of training photos of the kind; all of them when there are no more."""
        every = sorted(row["id"] for row in of_kind(self.train, self.kind)["images"])
        chosen = np.random.default_rng(draw).permutation(every)[:images].tolist()
        path = self.out / f"{images}-{draw}.json"
        path.write_text(json.dumps(of_kind(self.train, self.kind, keep=chosen)), encoding="utf-8")
        return path

    def on_kind(self, weights: Path, engine: LocalEngine | None = None, name: str = "") -> EvaluationResult:
        """Every photo of the kind that is held out."""
        return self._cached(
            f"kind-{name or weights.parent.name}",
            weights,
            ((self.out / "kind.json", self.data),),
            (None, MASKS),
            engine,
        )[0]

    def on_others(self, weights: Path, name: str = "") -> list[EvaluationResult]:
        """A sample of what the old weights knew."""
        return self._cached(f"kept-{name or weights.parent.name}", weights, self.kept, (KEPT_IMAGES, KEPT_MASKS), None)

    def _cached(
        self,
        name: str,
        weights: Path,
        sets: Iterable[tuple[Path, Path]],
        limits: tuple[int | None, int],
        engine: LocalEngine | None,
    ) -> list[EvaluationResult]:
        found = []
        for number, (annotations, images) in enumerate(sets):
            path = self.out / f"{name}-{number}.rows.json"
            if not path.exists():
                asked = engine or engine_of(weights)
                told = evaluate(asked, read_sample(annotations, images, *limits, dataset=str(number)))
                path.write_text(json.dumps(told.to_json()), encoding="utf-8")
            found.append(EvaluationResult.from_json(json.loads(path.read_text(encoding="utf-8"))))
        return found


def engine_of(weights: Path) -> LocalEngine:
    """An engine that keeps nothing on disk."""
    model = LoadedModel.read(weights, "auto")
    return LocalEngine(lambda: model, EngineSettings())


def trained(subject: Subject, images: int, draw: int, arm: str) -> tuple[Path, float]:
    """Weights of an arm that trains, and the minutes of its training."""
    pack, run = (
        subject.out / f"{images}-{draw}.pack",
        subject.out / f"{images}-{draw}-{'names' if arm == 'names' else 'full'}",
    )
    if not pack.exists():
        write_pack(open_data(subject.drawn(images, draw), subject.data), pack)
    config = fine_tune_config(subject.base, pack, RetrainSettings(seed=draw, steps=subject.steps))
    if arm == "names":
        config = replace(config, schedule=replace(config.schedule, learn="names"))
    weights = train(config, run)
    minutes = _minutes(run)
    if not arm.startswith("blend-"):
        return weights, minutes
    folder = subject.out / f"{images}-{draw}-{arm}"
    folder.mkdir(exist_ok=True)
    return blend(subject.base, weights, float(arm.removeprefix("blend-")), folder / "weights.safetensors"), minutes


def _minutes(run: Path) -> float:
    last = json.loads((run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()[-1])
    return round(last["seconds"] / 60, 1)


def remembering(subject: Subject, images: int, draw: int) -> LocalEngine:
    """The old weights with the accepted masks remembered."""
    engine = engine_of(subject.base)
    for image in read_sample(subject.drawn(images, draw), subject.data).images:
        handle = engine.encode(read_image(image.path))
        for truth in image.truths:
            engine.remember(handle, truth.mask(), truth.object, truth.part, id=f"{image.name}-{truth.id}")
        engine.release(handle)
    return engine


def row(subject: Subject, images: int, draw: int, arm: str) -> dict[str, Any]:
    """One line of the table."""
    before, kept = subject.on_kind(subject.base, name="before"), subject.on_others(subject.base, "before")
    if arm == "prototypes":
        name = f"{images}-{draw}-prototypes"
        known = (subject.out / f"kind-{name}-0.rows.json").exists()
        after, losses, minutes = (
            subject.on_kind(subject.base, None if known else remembering(subject, images, draw), name),
            {},
            0.0,
        )
    else:
        weights, minutes = trained(subject, images, draw, arm)
        after, now = subject.on_kind(weights), subject.on_others(weights)
        losses = {key: _lost(kept, now, key) for key in LOSSES}
    old, new, change = summarize(before), summarize(after), compare(after, before)
    gains = {key: {"before": old[key], "after": new[key], "difference": change[key]} for key in GAINS}
    return {
        "kind": subject.kind,
        "images": images,
        "draw": draw,
        "arm": arm,
        "gains": gains,
        "lost": losses,
        "minutes": minutes,
    }


def _lost(kept: list[EvaluationResult], now: list[EvaluationResult], key: str) -> list[float]:
    """(mean, low, high) points lost over all clicks of the sets."""
    mean, low, high = compare(join_results(now), join_results(kept))[key] or (np.nan, np.nan, np.nan)
    return [-mean, -high, -low]


def main() -> None:
    """Do what is missing, write the table after every line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--kind", default="car")
    parser.add_argument("--base", type=Path, default=packaged_weights())
    parser.add_argument("--images", default="30,100")
    parser.add_argument("--draws", type=int, default=2)
    parser.add_argument("--steps", type=int, default=RetrainSettings.steps)
    parser.add_argument("--arms", default="prototypes,names,full,blend-0.7,blend-0.5")
    parser.add_argument("--json", type=Path, default=ROOT / "benchmarks/results/new_parts.json")
    given = parser.parse_args()
    subject = Subject(given.data, given.out / given.kind, given.kind, given.base, given.steps)
    told: list[dict[str, Any]] = []
    for images in map(int, given.images.split(",")):
        for draw in range(given.draws):
            for arm in given.arms.split(","):
                told.append(row(subject, images, draw, arm))
                given.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
                print(json.dumps(told[-1]), flush=True)


if __name__ == "__main__":
    main()

"""A kind of object whose parts the model never saw: what do N annotated photos of it bring, by which way of learning?

    python benchmarks/new_parts.py --data FOLDER --out runs/new-parts [--kind car] [--base default]
        [--images 30,100] [--draws 2] [--arms prototypes,names,full,blend-0.4,…] [--json FILE]

FOLDER holds parts and natural, each with train.json (parts), val.json and images; ``--base`` are weights that were
trained without the kind. "prototypes" remembers the accepted masks, nothing is trained; "names" fits the class heads
and the text tower alone; "full" trains everything as ``semsam retrain`` does, beside replayed scenes, and fits the
names last; "blend-S" takes S of those weights and the rest of the old ones; "…+memory" remembers the accepted masks as
well, which is what an annotator has after a promotion. (Rows of "blend-S-of-L", the share L of the largest changes
alone, are of a way that was dropped.) Judged on the kind's photos of parts/val, before and after, paired by click;
"kept" are the other photos of parts/val and those of natural/val. What a run measured stays beside the table, so killed
at any time, or on another machine, it goes on (``new_parts_table``).
"""

import argparse
import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from kept_rows import keep_rows
from new_parts_table import KEPT, KEYS, KIND, write_table
from subject import ROOT

from semsam_annotate.annotations import read_image
from semsam_annotate.model.checkpoints.weights import load_checkpoint
from semsam_annotate.model.engine import LocalEngine
from semsam_annotate.model.engine.loaded import LoadedModel
from semsam_annotate.model.engine.opening import packaged_weights
from semsam_annotate.model.engine.settings import EngineSettings
from semsam_annotate.training.data.pack import write_pack
from semsam_annotate.training.data.readers import open_data
from semsam_annotate.training.evaluation.metrics import summarize
from semsam_annotate.training.evaluation.result import EvaluationResult, join_results
from semsam_annotate.training.evaluation.rows import ClickRow
from semsam_annotate.training.evaluation.run import evaluate
from semsam_annotate.training.evaluation.sample import read_sample
from semsam_annotate.training.loop import train
from semsam_annotate.training.retrain.finish import finish
from semsam_annotate.training.retrain.settings import RetrainSettings, fine_tune_config

KEPT_IMAGES, KEPT_MASKS, MASKS = 60, 5, 10
BEFORE, PROTOTYPES, MEMORY = "before", "prototypes", "+memory"
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
        for name, wanted in ((KIND, True), ("others", False)):
            (out / f"{name}.json").write_text(json.dumps(of_kind(val, kind, wanted)), encoding="utf-8")
        self.kept = ((out / "others.json", self.data), (data / "natural/val.json", data / "natural"))

    def drawn(self, images: int, draw: int) -> Path:
        """The COCO file of a draw of training photos of the kind; all of them when there are no more."""
        every = sorted(row["id"] for row in of_kind(self.train, self.kind)["images"])
        chosen = np.random.default_rng(draw).permutation(every)[:images].tolist()
        path = self.out / f"{images}-{draw}.json"
        path.write_text(json.dumps(of_kind(self.train, self.kind, keep=chosen)), encoding="utf-8")
        return path

    def on_kind(self, engine: LocalEngine) -> EvaluationResult:
        """Every photo of the kind that is held out."""
        return evaluate(engine, read_sample(self.out / f"{KIND}.json", self.data, masks_limit=MASKS))

    def on_others(self, engine: LocalEngine) -> EvaluationResult:
        """A sample of what the old weights knew."""
        told = [
            evaluate(engine, read_sample(*files, KEPT_IMAGES, KEPT_MASKS, dataset=str(number)))
            for number, files in enumerate(self.kept)
        ]
        return join_results(told)


def engine_of(weights: Path) -> LocalEngine:
    """An engine that keeps nothing on disk."""
    model = LoadedModel.read(weights, "auto")
    return LocalEngine(lambda: model, EngineSettings())


def learned(subject: Subject, images: int, draw: int, arm: str) -> tuple[Path, float]:
    """Weights of an arm, the old ones if nothing is learned, and the minutes of learning."""
    if arm in (BEFORE, PROTOTYPES):
        return subject.base, 0.0
    share = mixture(arm)
    pack, run = subject.out / f"{images}-{draw}.pack", subject.out / f"{images}-{draw}-full"
    if not pack.exists():
        write_pack(open_data(subject.drawn(images, draw), subject.data), pack)
    config = fine_tune_config(subject.base, pack, RetrainSettings(seed=draw, steps=subject.steps))
    minutes = 0.0
    if share:
        train(config, run)
        minutes = _minutes(run)
    out, began = subject.out / f"{images}-{draw}-{arm}.safetensors", time.monotonic()
    told = out.with_suffix(".json")
    if not told.exists():
        finish(subject.base, run, config, share, out)
        told.write_text(json.dumps(round(minutes + (time.monotonic() - began) / 60, 1)), encoding="utf-8")
    return out, json.loads(told.read_text(encoding="utf-8"))


def mixture(arm: str) -> float:
    """How far an arm goes to the fine-tuned weights: "names" not at all, "full" all the way, "blend-SHARE"."""
    return float(arm == "full") if arm in ("names", "full") else float(arm.removeprefix("blend-"))


def _minutes(run: Path) -> float:
    last = json.loads((run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()[-1])
    return round(last["seconds"] / 60, 1)


def remembering(subject: Subject, images: int, draw: int, weights: Path) -> LocalEngine:
    """Weights with the accepted masks remembered."""
    engine = engine_of(weights)
    for image in read_sample(subject.drawn(images, draw), subject.data).images:
        handle = engine.encode(read_image(image.path))
        for truth in image.truths:
            engine.remember(handle, truth.mask(), truth.object, truth.part, id=f"{image.name}-{truth.id}")
        engine.release(handle)
    return engine


def measure(subject: Subject, images: int, draw: int, arm: str, folder: Path) -> None:
    """Write the rows of an arm, of both kinds of photos, and what its training took."""
    plain = arm.removesuffix(MEMORY)
    weights, minutes = learned(subject, images, draw, plain)
    engine = remembering(subject, images, draw, weights) if remembers(arm) else engine_of(weights)
    for name, ask in ((KIND, subject.on_kind), (KEPT, subject.on_others)):
        path = folder / f"{name}.rows.json"
        if name in asked(arm) and not path.exists():
            told = ask(engine)
            keep_rows([_row(row) for row in told.rows], KEYS, path)
            figures = {key: value for key, value in summarize(told).items() if key.startswith("label_")}
            (folder / f"{name}.labels.json").write_text(json.dumps({**figures, "minutes": minutes}, indent=1) + "\n")
    engine.close()


def remembers(arm: str) -> bool:
    """Whether the accepted masks are remembered."""
    return arm == PROTOTYPES or arm.endswith(MEMORY)


def asked(arm: str) -> tuple[str, ...]:
    """Which photos an arm is judged on: a memory changes no mask, so it loses nothing of what was known."""
    return (KIND,) if remembers(arm) else (KIND, KEPT)


def _row(row: ClickRow) -> dict[str, Any]:
    right = None if row.part_rank is None else float(row.part_rank == 0)
    return {"image": "/".join(row.group), "max": row.max, "oracle": row.oracle, "all": row.all, "part": right}


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
    parser.add_argument("--arms", default="prototypes,names,full,blend-0.4,blend-0.4+memory")
    parser.add_argument("--json", type=Path, default=ROOT / "benchmarks/results/new_parts.json")
    given = parser.parse_args()
    version = load_checkpoint(given.base)[2]
    subject = Subject(given.data, given.out / f"{given.kind}-{version}", given.kind, given.base, given.steps)
    kept = given.json.with_suffix("") / f"{given.kind}-{version}"
    lines = [
        (images, draw, arm)
        for images in given.images.split(",")
        for draw in range(given.draws)
        for arm in given.arms.split(",")
    ]
    for images, draw, arm in [("0", 0, BEFORE), *lines]:
        folder = kept / f"{images}-{draw}-{arm}"
        if not all((folder / f"{name}.rows.json").exists() for name in asked(arm)):
            measure(subject, int(images), draw, arm, folder)
        write_table(given.json.with_suffix(""), given.json)
        print(folder, flush=True)


if __name__ == "__main__":
    main()

"""Does the product learn a new part vocabulary? Car photos with part labels, accepted, retrained, judged by the gate.

    python benchmarks/car_parts.py --data FOLDER [--out runs/car-parts] [--steps N]

FOLDER holds ``train.json`` and ``val.json`` (COCO, categories "car" and "car/PART") with their ``images``. 30 photos of
``train.json`` are accepted to train and 20 more to validate; ``val.json``'s cars, which neither saw, measure before and
after. The same project with the training photos' part labels shuffled must be refused.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from semsam_annotate.annotations import Project
from semsam_annotate.model.engine import LocalEngine
from semsam_annotate.model.engine.loaded import LoadedModel
from semsam_annotate.model.engine.opening import packaged_weights
from semsam_annotate.training.evaluation.metrics import compare, summarize
from semsam_annotate.training.evaluation.result import EvaluationResult
from semsam_annotate.training.evaluation.run import evaluate
from semsam_annotate.training.evaluation.sample import read_sample
from semsam_annotate.training.retrain import RetrainSettings, retrain

TRAIN, VALIDATION = 30, 20
KEYS = ("max", "oracle", "all", "label_part_top1", "label_part_top1_macro")


def cars_only(content: dict[str, Any], keep: list[int] | None, splits: dict[int, str], shuffle: bool) -> dict[str, Any]:
    """The car photos ``keep`` (all when None) of a COCO file, with their splits; part labels of training shuffled."""
    names = {row["id"]: row["name"] for row in content["categories"]}
    annotated = {row["image_id"] for row in content["annotations"] if names[row["category_id"]].startswith("car/")}
    images = [row for row in content["images"] if row["id"] in annotated and (keep is None or row["id"] in keep)]
    chosen = {row["id"] for row in images}
    rows = [row for row in content["annotations"] if row["image_id"] in chosen]
    if shuffle:
        rows = shuffled(rows, names, splits)
    images = [{**row, "semsam": {"split": splits[row["id"]]}} if splits else row for row in images]
    used = {row["category_id"] for row in rows}
    return {
        **content,
        "images": images,
        "annotations": rows,
        "categories": [row for row in content["categories"] if row["id"] in used],
    }


def shuffled(rows: list[dict[str, Any]], names: dict[int, str], splits: dict[int, str]) -> list[dict[str, Any]]:
    """The part labels of the training photos dealt out anew at random."""
    parts = [i for i, row in enumerate(rows) if "/" in names[row["category_id"]] and splits[row["image_id"]] == "train"]
    dealt = np.random.default_rng(0).permutation(parts)
    out = list(rows)
    for here, there in zip(parts, dealt, strict=True):
        out[here] = {**rows[here], "category_id": rows[int(there)]["category_id"]}
    return out


def measure(weights: Path, data: Path, work: Path) -> EvaluationResult:
    """Every mask of the car photos of ``val.json``."""
    held = work / "cars_val.json"
    held.write_text(json.dumps(cars_only(json.loads((data / "val.json").read_text()), None, {}, False)))
    model = LoadedModel.read(weights, "auto")
    return evaluate(LocalEngine(lambda: model), read_sample(held, data, masks_limit=10))


def make_project(data: Path, work: Path, shuffle: bool) -> Project:
    """A project with the 50 photos accepted."""
    content = json.loads((data / "train.json").read_text())
    names = {row["id"]: row["name"] for row in content["categories"]}
    cars = sorted({row["image_id"] for row in content["annotations"] if names[row["category_id"]].startswith("car/")})
    order = np.random.default_rng(0).permutation(cars)[: TRAIN + VALIDATION].tolist()
    splits = {image: "train" if place < TRAIN else "validation" for place, image in enumerate(order)}
    name = "shuffled" if shuffle else "cars"
    file = work / f"{name}.json"
    file.write_text(json.dumps(cars_only(content, order, splits, shuffle)))
    project = Project.create(work / name)
    project.import_file("coco", file, data)
    return project


def main() -> None:
    """Run the check and write ``report.json``."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("runs/car-parts"))
    parser.add_argument("--steps", type=int, default=RetrainSettings.steps)
    parser.add_argument("--cars-only", action="store_true", help="leave the shuffled project out")
    options = parser.parse_args()
    options.out.mkdir(parents=True)
    before = measure(packaged_weights(), options.data, options.out)
    report: dict[str, Any] = {}
    for shuffle in (False, True) if not options.cars_only else (False,):
        with make_project(options.data, options.out, shuffle) as project:
            found = retrain(project, RetrainSettings(steps=options.steps), lambda what, done, total: None)
        after = measure(found.version.weights, options.data, options.out)
        changes, old, new = compare(after, before), summarize(before), summarize(after)
        report["shuffled" if shuffle else "cars"] = {
            "gate": found.to_json(),
            "val": {key: {"before": old[key], "after": new[key], "difference": changes[key]} for key in KEYS},
        }
        (options.out / "report.json").write_text(json.dumps(report, indent=1))
        print(
            "shuffled labels" if shuffle else "cars", "promoted" if found.promoted else "refused", found.verdict.reasons
        )
        print(f"  replay loss {found.verdict.replay_loss:+.2f}")
        for key in KEYS:
            print(f"  {key}: {old[key]} -> {new[key]}, difference {changes[key]}")


if __name__ == "__main__":
    main()

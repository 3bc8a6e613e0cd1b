"""Do the two branches gain from learning together? The joint recipe against each branch alone, on the same images.

    python benchmarks/joint.py --pack FILE … --data FILE:IMAGES … --out runs/joint
        [--steps N] [--json FILE]

Trains ``joint-tiny`` three times from the same weights, seed and images, with both branches, with clicks alone and with
the generic branch alone, then measures on every image of ``--data`` what joint training is above either, with paired
intervals (``semsam evaluate --against``). Killed at any time it goes on.
"""

import argparse
import json
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from subject import ROOT

from semsam_annotate.training.config import TrainConfig, read_config
from semsam_annotate.training.criterion import LossWeights
from semsam_annotate.training.loop import train

ARMS = ("joint", "clicks", "generic")
FIGURES = {
    "clicks": ("max", "oracle", "all", "label_object_top1", "label_part_top1", "ece_chosen"),
    "generic": ("panoptic_pq", "semantic_miou", "instance_ap", "instance_ap50", "part_ap", "part_ap50"),
}


def settings(arm: str, config: TrainConfig) -> TrainConfig:
    """The recipe, with one branch taken away for an arm that has only the other."""
    if arm == "clicks":
        return replace(config, generic=replace(config.generic, queries=0))
    if arm == "generic":
        none = LossWeights(**{item.name: 0.0 for item in fields(LossWeights)})
        asked = replace(config.prompts, count=1, corrections=0)
        return replace(config, prompts=asked, criterion=replace(config.criterion, weights=none))
    return config


def compare(joint: str, other: str, branch: str, data: str, out: Path) -> dict[str, Any]:
    """Figures of the joint run, and what they are above those of the run that has this branch alone, with intervals."""
    if not out.exists():
        annotations, _, images = data.rpartition(":")
        command = [sys.executable, "-m", "semsam_annotate.cli", "evaluate", "--weights", joint, "--against", other]
        command += ["--annotations", annotations, "--images", images, "--json", str(out)]
        command += ["--segment", "--masks-limit", "1"] if branch == "generic" else ["--masks-limit", "10"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    told = json.loads(out.read_text(encoding="utf-8"))
    found, above = told, told["difference"]
    if branch == "generic":
        (found,), (above,) = told["segment"].values(), told["difference_segment"].values()
    return {key: {"joint": found[key], "above": above[key]} for key in FIGURES[branch] if found.get(key) is not None}


def main() -> None:
    """Train what is not trained yet, measure, write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pack", nargs="+", required=True)
    parser.add_argument("--data", nargs="*", default=[], help="COCO-style JSON and its folder of images")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=None)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--json", type=Path, default=ROOT / "benchmarks/results/joint.json")
    given = parser.parse_args()
    config = read_config(Path("joint-tiny"), given.pack)
    steps = given.steps or config.schedule.steps
    config = replace(config, threads=given.threads, schedule=replace(config.schedule, steps=steps))
    weights = {arm: str(train(settings(arm, config), given.out / arm, _tell)) for arm in ARMS}
    table = {
        name: {
            branch: compare(weights["joint"], weights[branch], branch, data, given.out / f"{name}-{branch}.json")
            for branch in FIGURES
        }
        for name, data in ((Path(data.rpartition(":")[0]).parent.name, data) for data in given.data)
    }
    given.json.write_text(json.dumps({"steps": steps, "sets": table}, indent=1) + "\n", encoding="utf-8")


def _tell(done: int, steps: int, losses: dict[str, float]) -> None:
    if done % 20 == 0:
        print(f"step {done} of {steps}: loss {losses['total']:.2f}", flush=True)


if __name__ == "__main__":
    main()

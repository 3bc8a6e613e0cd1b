"""Do the two branches gain from learning together? The joint recipe against each branch alone, on the same images.

    python benchmarks/joint.py --pack FILE … --data FILE:IMAGES … --out runs/joint [--steps N] [--json FILE]

Trains ``joint-tiny`` three times from the same weights, seed and images, with both branches, with clicks alone and with
the generic branch alone, then measures all three with ``semsam evaluate --segment``. Killed at any time it goes on.
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
CLICKED = ("max", "oracle", "all")
FOUND = ("panoptic_pq", "instance_ap", "instance_ap50", "part_ap", "part_ap50", "semantic_miou")


def settings(arm: str, config: TrainConfig) -> TrainConfig:
    """The recipe, with one branch taken away for an arm that has only the other."""
    if arm == "clicks":
        return replace(config, generic=replace(config.generic, queries=0))
    if arm == "generic":
        none = LossWeights(**{item.name: 0.0 for item in fields(LossWeights)})
        asked = replace(config.prompts, count=1, corrections=0)
        return replace(config, prompts=asked, criterion=replace(config.criterion, weights=none))
    return config


def measure(weights: str, data: str, out: Path, limit: int | None) -> dict[str, Any]:
    """Figures of one arm on one file, kept in ``out``."""
    if not out.exists():
        annotations, _, images = data.rpartition(":")
        command = [sys.executable, "-m", "semsam_annotate.cli", "evaluate", "--weights", weights]
        command += ["--segment"] if weights != "default" else []
        command += ["--annotations", annotations, "--images", images, "--masks-limit", "10", "--json", str(out)]
        command += ["--images-limit", str(limit)] if limit else []
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return dict(json.loads(out.read_text(encoding="utf-8")))


def main() -> None:
    """Train what is not trained yet, measure, write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pack", nargs="+", required=True)
    parser.add_argument("--data", nargs="*", default=[], help="COCO-style JSON and its folder of images")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=None)
    parser.add_argument("--limit", type=int, default=None, help="images of each file")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--json", type=Path, default=ROOT / "benchmarks/results/joint.json")
    given = parser.parse_args()
    config = read_config(Path("joint-tiny"), given.pack)
    steps = given.steps or config.schedule.steps
    config = replace(config, threads=given.threads, schedule=replace(config.schedule, steps=steps))
    weights = {"before": "default"}
    for arm in ARMS:
        weights[arm] = str(train(settings(arm, config), given.out / arm, _tell))
    table = {
        Path(data.rpartition(":")[0]).stem + f" ({number})": {
            arm: measure(of, data, given.out / f"{arm}-{number}.json", given.limit) for arm, of in weights.items()
        }
        for number, data in enumerate(given.data)
    }
    given.json.write_text(json.dumps({"steps": steps, "sets": table}, indent=1) + "\n", encoding="utf-8")


def _tell(done: int, steps: int, losses: dict[str, float]) -> None:
    if done % 20 == 0:
        print(f"step {done} of {steps}: loss {losses['total']:.2f}", flush=True)


if __name__ == "__main__":
    main()

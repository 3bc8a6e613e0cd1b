"""Does the generic branch learn? Train it on generated scenes, then measure panoptic quality on scenes never seen.

    python benchmarks/panoptic_scenes.py --out runs/generic-scenes [--json benchmarks/results/panoptic_scenes.json]

Trains the recipe ``generic-scenes`` (an hour on one core; a killed run goes on) and asks ``segment`` for 200 scenes
whose seeds lie beyond those of training.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from semsam_annotate.api import Segmentation, Vocabulary
from semsam_annotate.model.engine import open_engine
from semsam_annotate.training.config import TrainConfig, read_config
from semsam_annotate.training.data.record import OBJECT
from semsam_annotate.training.evaluation.segmentation import PanopticQuality, truth_map
from semsam_annotate.training.loop import train
from semsam_annotate.training.scenes import generate

FIRST_SEED = 2**31
"""Training draws seeds below this."""


def main() -> None:
    """Train, measure, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")
    parser.add_argument("--scenes", type=int, default=200)
    parser.add_argument("--json", type=Path, default=None)
    asked = parser.parse_args()
    config = read_config(Path("generic-scenes"))
    weights = train(config, asked.out, lambda done, steps, losses: _tell(done, steps, losses))
    figures = measure(weights, config, asked.scenes)
    print(json.dumps(figures, indent=1))
    if asked.json is not None:
        asked.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def measure(weights: Path, config: TrainConfig, scenes: int) -> dict[str, object]:
    """Panoptic quality on held-out scenes of the size and family that the run was trained on."""
    truths = [generate(FIRST_SEED + number, config.schedule.size, config.data.scene_family) for number in range(scenes)]
    names = sorted(
        {
            name
            for scene in truths
            for name, kind in zip(scene.objects, scene.kinds, strict=True)
            if name and kind == OBJECT
        }
    )
    engine, quality = open_engine(str(weights)), PanopticQuality(names)
    for scene in truths:
        chosen = np.flatnonzero(scene.kinds == OBJECT)
        found = engine.segment(engine.encode(scene.image), Vocabulary(objects=names), task="panoptic")
        assert isinstance(found, Segmentation)
        quality.add(found, truth_map(scene.masks[chosen], [str(scene.objects[index]) for index in chosen]))
    by_name = {name: round(value, 1) for name, value in quality.by_name().items()}
    facts = {key: round(value, 1) for key, value in quality.figures().items()}
    return {
        **facts,
        "scenes": scenes,
        "steps": config.schedule.steps,
        "version": engine.info.version,
        "pq_by_name": by_name,
    }


def _tell(done: int, steps: int, losses: dict[str, float]) -> None:
    if done % 50 == 0:
        print(f"step {done} of {steps}: loss {losses['total']:.1f}", flush=True)


if __name__ == "__main__":
    main()

"""Can a suggested name be trusted? Reliability of its probability, and what is suggested when no name is right.

    python benchmarks/label_trust.py --data FOLDER [--weights default] [--images N] [--json FILE] [--picture FILE]

FOLDER holds parts and natural, each with val.json and images. "Present": every name of the file is offered, and the
oracle proposal's best suggestion is right or wrong. "Absent": only names that nothing in the image has are offered, so
the answer should be "none of these"; of the proposal with the best score, the share whose best suggestion, object or
part, stays under 0.5.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ablation_measure import best_rung
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from subject import ROOT

import semsam_annotate as semsam
from semsam_annotate.api import Proposal, Vocabulary
from semsam_annotate.api.proposal import Labels
from semsam_annotate.model.engine import LocalEngine
from semsam_annotate.training.evaluation.asking import AskedImage, prompts_of
from semsam_annotate.training.evaluation.rows import CLICK
from semsam_annotate.training.evaluation.sample import EvaluationSample, SampleImage, read_sample

SETS = ("parts", "natural")
MASKS, BINS, SURE = 10, 10, 0.5
Row = tuple[str, float, float]
"""Which head, the probability of its best suggestion, and whether that is right (absent: never)."""


def rows(engine: LocalEngine, sample: EvaluationSample) -> Iterator[tuple[str, Row]]:
    """("present" or "absent", row) of every click."""
    for image in sample.images:
        asked = AskedImage.read(image)
        prompts, handle = prompts_of(CLICK, asked.chosen), engine.encode(asked.rgb)
        for ladder, index in zip(engine.propose_many(handle, prompts, sample.vocabulary), image.chosen, strict=True):
            truth = image.truths[index]
            best = best_rung(ladder, truth)
            if truth.is_part and truth.part:
                yield "present", _judged("part", best.part_labels, truth.part)
            elif truth.object:
                yield "present", _judged("object", best.object_labels, truth.object)
        for ladder in engine.propose_many(handle, prompts, _others(image, sample.vocabulary)):
            top = max(ladder, key=lambda one: one.score)
            yield "absent", ("object", _chance(top.object_labels), 0.0)
            yield "absent", ("part", _chance(top.part_labels), 0.0)
            yield "absent", ("suggested", _suggested(top), 0.0)
        engine.release(handle)


def _judged(head: str, labels: Labels, name: str) -> Row:
    return head, _chance(labels), float(bool(labels) and labels[0][0] == name)


def _chance(labels: Labels) -> float:
    return labels[0][1] if labels else 0.0


def _suggested(proposal: Proposal) -> float:
    """The probability of the name that annotators see first: a part's, or an object's."""
    return _chance(proposal.part_labels if proposal.part_probability > SURE else proposal.object_labels)


def _others(image: SampleImage, words: Vocabulary) -> Vocabulary:
    """The names that nothing in the image has."""
    objects, parts = ({getattr(truth, side) for truth in image.truths} for side in ("object", "part"))
    return Vocabulary(
        [name for name in words.objects if name not in objects], [name for name in words.parts if name not in parts]
    )


def reliability(found: Sequence[Row]) -> dict[str, Any]:
    """Bins of the probability with how often it was right, and the expected calibration error in percent."""
    chance, right = np.array([row[1] for row in found]), np.array([row[2] for row in found])
    place = np.clip((chance * BINS).astype(int), 0, BINS - 1)
    bins = [
        {
            "n": int((place == one).sum()),
            "said": float(chance[place == one].mean()),
            "right": float(right[place == one].mean()),
        }
        for one in range(BINS)
        if (place == one).any()
    ]
    error = sum(one["n"] * abs(one["said"] - one["right"]) for one in bins) / len(found)
    return {"n": len(found), "top1": round(100 * right.mean(), 1), "ece": round(100 * error, 1), "bins": bins}


def measured(weights: str, data: Path, images: int | None) -> dict[str, Any]:
    """Both tables of each set."""
    engine, told = semsam.load_engine(weights, device="cpu"), {}
    for name in SETS:
        sample = read_sample(data / name / "val.json", data / name, images, MASKS)
        listed = list(rows(engine, sample))
        present = {
            head: [row for kind, row in listed if kind == "present" and row[0] == head] for head in ("object", "part")
        }
        absent = {
            head: [row[1] for kind, row in listed if kind == "absent" and row[0] == head]
            for head in ("object", "part", "suggested")
        }
        told[name] = {
            "present": {head: reliability(some) for head, some in present.items() if some},
            "absent_under_half": {
                head: round(100 * float(np.mean(np.array(some) < SURE)), 1)
                for head, some in absent.items()
                if any(some)
            },
        }
    told["version"] = engine.info.version
    return told


def draw(told: dict[str, Any], path: Path) -> None:
    """The reliability curves, the size of a point by how many suggestions it stands for."""
    figure = Figure(figsize=(8, 4), layout="constrained")
    for number, name in enumerate(SETS, start=1):
        panel = figure.add_subplot(1, len(SETS), number)
        panel.plot([0, 1], [0, 1], color="grey", linewidth=0.8)
        for head, found in told[name]["present"].items():
            said, right = ([one[key] for one in found["bins"]] for key in ("said", "right"))
            panel.plot(said, right, label=f"{head} names, ECE {found['ece']} %")
            panel.scatter(said, right, [300 * one["n"] / found["n"] for one in found["bins"]])
        panel.set(title=f"{name}/val", xlabel="probability of the best suggestion", ylabel="how often it is right")
        panel.legend(fontsize=8)
    FigureCanvasAgg(figure)
    figure.savefig(path, dpi=110)


def main() -> None:
    """Measure, write, draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--weights", default="default")
    parser.add_argument("--images", type=int, default=None)
    parser.add_argument("--json", type=Path, default=ROOT / "benchmarks/results/label_trust.json")
    parser.add_argument("--picture", type=Path, default=ROOT / "docs/label-reliability.png")
    given = parser.parse_args()
    told = measured(given.weights, given.data, given.images)
    given.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    draw(told, given.picture)
    print(json.dumps({name: told[name]["absent_under_half"] for name in SETS}))


if __name__ == "__main__":
    main()

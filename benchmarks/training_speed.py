"""One training step of the published Swin-T beside the published way to take it: time, memory and gradients.

    python benchmarks/training_speed.py [--threads 2] [--rounds 3] [--size 512] [--out FILE]

Batch of one image with 40 masks and 60 clicks, from normalised pixels to the gradients. Both sides get the same random
numbers when their gradients are compared, in double precision too: in single, two sums in another order choose other
points here and there. Memory is the most that a process of its own holds, ours also without keeping activations.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from reference.training import total_loss
from subject import ROOT, photo, published_engine
from timing import in_turn, machine, peak_megabytes
from torch import Tensor

from semsam_annotate.model.mask_decoder import PromptBatch
from semsam_annotate.training.checkpointing import recompute_layers
from semsam_annotate.training.criterion import Criterion, CriterionConfig
from semsam_annotate.training.points import Rand, SeededRand
from semsam_annotate.training.targets import Targets

MASKS, CLICKS, MOST = 40, 60, 6
SIDES = ("ours", "recomputing", "reference")
BAR, MEMORY_BAR, SAME = 1.8, 0.5, 1e-3


CPU = torch.device("cpu")


class RowRand:
    """Random 16-bit fractions, as our step keeps them, whose rows do not depend on how many are drawn at a time."""

    def __init__(self, dtype: torch.dtype) -> None:
        self._dtype = dtype
        self._sources: dict[tuple[int, ...], torch.Generator] = {}

    def __call__(self, shape: tuple[int, ...], image: Tensor | None = None) -> Tensor:
        """Draw."""
        source = self._sources.setdefault(shape[1:], torch.Generator().manual_seed(0))
        return torch.rand(shape, generator=source).mul_(1 << 16).floor_().div_(1 << 16).to(self._dtype)


def torch_rand(shape: tuple[int, ...], image: Tensor | None = None) -> Tensor:
    """Random numbers as the published step draws them."""
    return torch.rand(shape)


class Steps:
    """The two sides, on one network and one image."""

    def __init__(self, size: int) -> None:
        self.network = published_engine()._current().network.requires_grad_(True)
        self.pixels = torch.from_numpy(photo(size, size).copy()).permute(2, 0, 1)[None].float()
        self.targets, self.boxes = questions(size)
        self.criterion = Criterion(CriterionConfig())

    def ours(self, rand: Rand | None = None) -> Tensor:
        """Our step, by default with our numbers."""
        prompts = PromptBatch.of_boxes(self.boxes[None], 0)
        layers = self.network.mask_decoder(self.network.encode(self.pixels), prompts, True)
        losses, _ = self.criterion(layers, self.targets, rand or SeededRand((0,), CPU))
        return self._learn(self.criterion.total(losses))

    def reference(self, rand: Rand | None = None) -> Tensor:
        """The published step, by default with torch's numbers."""
        pixels = (self.pixels - self.network.mean) / self.network.std
        return self._learn(total_loss(self.network, pixels, self.boxes, self.targets, rand or torch_rand))

    def _learn(self, total: Tensor) -> Tensor:
        self.network.zero_grad(set_to_none=True)
        torch.autograd.backward(total)
        return total.detach()

    def gradients(self, step: Callable[[Rand], Tensor]) -> dict[str, Tensor]:
        """Of every parameter that the step reaches."""
        step(RowRand(self.pixels.dtype))
        named = self.network.named_parameters()
        return {name: one.grad.clone() for name, one in named if one.grad is not None}


def questions(size: int) -> tuple[Targets, Tensor]:
    """Ellipses of very different sizes, a click in each and again, and all masks under each click."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:size, :size]
    masks = []
    for _ in range(MASKS):
        (a, b), radius, stretch = (
            rng.uniform(0, size, 2),
            size * np.exp(rng.uniform(-3.2, -0.85)),
            rng.uniform(0.5, 1.5),
        )
        masks.append(((x - a) / stretch) ** 2 + (y - b) ** 2 < radius**2)
    stack = np.stack(masks)
    rows, boxes = np.full((CLICKS, MOST), -1), np.zeros((CLICKS, 4), np.float32)
    for click in range(CLICKS):
        inside = np.argwhere(stack[click % MASKS])
        row, column = inside[rng.integers(len(inside))]
        under = rng.permutation(np.flatnonzero(stack[:, row, column]))[:MOST]
        rows[click, : len(under)] = under
        boxes[click] = (column + 0.5) / size, (row + 0.5) / size, 6 / size, 6 / size
    return Targets.class_agnostic(torch.from_numpy(stack), torch.from_numpy(rows)[None]), torch.from_numpy(boxes)


def apart(ours: dict[str, Tensor], theirs: dict[str, Tensor]) -> tuple[float, float]:
    """Relative difference of all gradients together, and of the parameter with the largest, by norm."""
    assert ours.keys() == theirs.keys(), ours.keys() ^ theirs.keys()
    largest = max(float(value.norm()) for value in theirs.values())
    pairs = [(ours[name], theirs[name]) for name in ours if theirs[name].norm() > 1e-6 * largest]
    whole = [torch.stack([one.norm() for one in many]).norm() for many in ([a - b for a, b in pairs], theirs.values())]
    return float(whole[0] / whole[1]), max(float((mine - other).norm() / other.norm()) for mine, other in pairs)


def apart_in_double(size: int) -> tuple[float, float]:
    """The same with everything in double precision."""
    steps = Steps(size)
    steps.network.double()
    steps.pixels, steps.boxes = steps.pixels.double(), steps.boxes.double()
    steps.targets = replace(steps.targets, boxes=steps.targets.boxes.double())
    with patch.object(Tensor, "float", Tensor.double):  # wherever a step asks for single precision
        return apart(steps.gradients(steps.ours), steps.gradients(steps.reference))


def peak(side: str, size: int) -> float:
    """Megabytes that a process of its own held at most for one step."""
    command = [sys.executable, __file__, "--alone", side, "--size", str(size)]
    command += ["--threads", str(torch.get_num_threads())]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def alone(side: str, size: int) -> None:
    """Take one step and print the memory that it took."""
    steps = Steps(size)
    if side == "recomputing":
        recompute_layers(steps.network)
    (steps.reference if side == "reference" else steps.ours)()
    print(round(peak_megabytes(), 1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--alone", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks/results/training_speed.json")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    if given.alone:
        alone(given.alone, given.size)
        return
    facts = measured(Steps(given.size), given.rounds, given.size)
    given.out.write_text(json.dumps({"machine": machine(), **facts}, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(facts, indent=1))


def measured(steps: Steps, rounds: int, size: int) -> dict[str, Any]:
    """Times, their ratio, memory, and how far gradients are apart."""
    whole, worst = apart(steps.gradients(steps.ours), steps.gradients(steps.reference))
    times = in_turn({"ours": steps.ours, "reference": steps.reference}, rounds)
    memory = {side: peak(side, size) for side in SIDES}
    double = apart_in_double(size // 2)
    return {
        **times,
        "ratio": round(times["reference"]["cpu_ms"] / times["ours"]["cpu_ms"], 2),
        "bar": BAR,
        "gradients_apart": {"together": whole, "worst_parameter": worst},
        "gradients_apart_in_double": {"size": size // 2, "together": double[0], "worst_parameter": double[1]},
        "same": max(whole, *double) <= SAME,
        "peak_mb": memory,
        "memory_ratio": {side: round(memory[side] / memory["reference"], 2) for side in SIDES},
        "memory_bar": MEMORY_BAR,
    }


if __name__ == "__main__":
    main()

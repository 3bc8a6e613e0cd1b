"""Does the method hold? One thing changed at a time, from scratch, equal budgets, several seeds.

    python benchmarks/ablations.py --data FOLDER --out runs/ablations [--seeds 2] [--only ARM,…] [--steps N]

FOLDER holds parts, natural and extra, each with train.json, val.json and images. Every run is ``semsam-tiny`` from
fresh weights on crops of 192 pixels: the same number of steps, images and clicks. An arm is judged on both validation
sets against the whole method with the same seeds, paired by click (``ablation_table``). Killed at any time it goes on;
what a run measured stays beside the table, and what is not done yet is named there as missing.
"""

import argparse
import json
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from ablation_measure import measure
from ablation_table import there, write_table
from flat_names import flattened
from subject import ROOT

from semsam_annotate.model.checkpoints.weights import CheckpointCard, save_checkpoint
from semsam_annotate.model.config import ModelConfig, semsam_tiny
from semsam_annotate.model.network import SemanticSam
from semsam_annotate.training.config import DataConfig, PromptConfig, ScheduleConfig, SetConfig, TrainConfig
from semsam_annotate.training.data.pack import Pack, write_pack
from semsam_annotate.training.data.readers import open_data
from semsam_annotate.training.loop import train

SIDE = 192
SCENES = 0.3
Arm = Callable[[TrainConfig, Path], TrainConfig]


def sources(pack: Path, with_parts: bool) -> dict[str, SetConfig]:
    """The data sets of a pack that draw parts, or those that draw none, balanced as in the whole method."""
    opened = Pack(pack)
    counts: dict[str, list[int]] = {}
    for index in range(len(opened)):
        seen = counts.setdefault(opened.source(index), [0, 0])
        seen[0] += 1
        seen[1] += sum(name is not None for name in opened.names(index).parts)
    return {name: SetConfig(share=n**0.6) for name, (n, parts) in counts.items() if bool(parts) == with_parts}


def only(with_parts: bool) -> Arm:
    """Part data or object data alone; scenes, which draw both, are left out of both."""

    def arm(config: TrainConfig, packs: Path) -> TrainConfig:
        data = replace(config.data, sets=sources(packs / "photos.pack", with_parts), scenes=0.0)
        return replace(config, data=data)

    return arm


def fewer_tokens(config: TrainConfig, packs: Path) -> TrainConfig:
    """Three query tokens a click instead of six."""
    whole = semsam_tiny()
    model = replace(whole, mask_decoder=replace(whole.mask_decoder, granularities=3))
    return replace(config, model=str(fresh(model, config.seed, packs / f"three-{config.seed}.safetensors")))


def fresh(model: ModelConfig, seed: int, out: Path) -> Path:
    """Weights that nobody trained."""
    torch.manual_seed(seed)
    levels = tuple(range(1, model.mask_decoder.granularities + 1))
    save_checkpoint(SemanticSam(model), CheckpointCard(model, levels), out)
    return out


def more(pack: str) -> Arm:
    """A pack more."""
    return lambda config, packs: replace(
        config, data=replace(config.data, packs=(*config.data.packs, str(packs / pack)))
    )


def instead(pack: str, **data: Any) -> Arm:
    """Another pack, and other settings of the data."""
    return lambda config, packs: replace(config, data=replace(config.data, packs=(str(packs / pack),), **data))


ARMS: dict[str, Arm] = {
    "whole": lambda config, packs: config,
    "many-to-one": lambda config, packs: replace(config, criterion=replace(config.criterion, many_to_one=True)),
    "parts-only": only(True),
    "objects-only": only(False),
    "no-scenes": lambda config, packs: replace(config, data=replace(config.data, scenes=0.0)),
    "flat-head": instead("flat.pack", scenes=0.0),
    "three-tokens": fewer_tokens,
    "class-agnostic": more("nameless.pack"),
    "half-the-photos": instead("half.pack"),
    "quarter-of-the-photos": instead("quarter.pack"),
}
"""The part-only, object-only and flat-head arms are without scenes: their baseline is "no-scenes"."""


def base(packs: Path, seed: int, steps: int) -> TrainConfig:
    """The whole method in small."""
    return TrainConfig(
        seed=seed,
        threads=1,
        bf16=False,
        input_side=256,
        checkpoint_every=100,
        data=DataConfig(packs=(str(packs / "photos.pack"),), scenes=SCENES, balance=0.6),
        prompts=PromptConfig(count=12, corrections=0, area_power=0.0),
        schedule=ScheduleConfig(steps=steps, batch=8, lr=1e-3, warmup=40, decay=0.5, size=SIDE),
    )


def write_packs(data: Path, out: Path) -> None:
    """Redistributable photos with names, the same with flat names, and BSDS without any (research only)."""
    out.mkdir(parents=True, exist_ok=True)
    files = [(data / name / "train.json", data / name) for name in ("parts", "natural", "extra")]
    flat = [(flattened(file, out / f"{file.parent.name}-flat.json"), folder) for file, folder in files]
    for name, sets, every, nth in (
        ("photos.pack", files, False, 1),
        ("half.pack", files, False, 2),
        ("quarter.pack", files, False, 4),
        ("flat.pack", flat, False, 1),
        ("nameless.pack", [(data / "natural/bsds_train.json", data / "natural")], True, 1),
    ):
        if not (out / name).exists():
            opened = [open_data(file, folder) for file, folder in sets]
            kept = (one for read in opened for one in read if every or one.license_class == "redistributable")
            write_pack(islice(kept, 0, None, nth), out / name, 320)


def main() -> None:
    """Train and measure what is not done yet, seed after seed; write the table after every run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--steps", type=int, default=480)
    parser.add_argument("--only", default=",".join(ARMS))
    parser.add_argument("--json", type=Path, default=ROOT / "benchmarks/results/ablations.json")
    given = parser.parse_args()
    packs, kept = given.out / "packs", given.json.with_suffix("")
    write_packs(given.data, packs)
    for seed in range(given.seeds):
        for arm in given.only.split(","):
            if not there(kept, arm, seed):
                run = given.out / f"{arm}-{seed}"
                weights = train(ARMS[arm](base(packs, seed, given.steps), packs), run, tell)
                keep_run(run, kept / f"{arm}-{seed}")
                measure(weights, arm == "flat-head", given.data, kept / f"{arm}-{seed}")
            write_table(kept, list(ARMS), given.seeds, given.json)


def keep_run(run: Path, folder: Path) -> None:
    """Write down the steps and minutes of computing of a run."""
    last = json.loads((run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()[-1])
    folder.mkdir(parents=True, exist_ok=True)
    told = {"steps": last["step"], "minutes": round(last["seconds"] / 60, 1)}
    (folder / "run.json").write_text(json.dumps(told) + "\n", encoding="utf-8")


def tell(done: int, steps: int, losses: dict[str, float]) -> None:
    """Print a line now and then."""
    if done % 20 == 0:
        print(f"step {done} of {steps}: loss {losses['total']:.2f}", flush=True)


if __name__ == "__main__":
    main()

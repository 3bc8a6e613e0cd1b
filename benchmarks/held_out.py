"""Weights that never saw a kind of object: the ablations' whole method, trained without the photos that draw its parts.

    python benchmarks/held_out.py --kind plant --data FOLDER --out runs/held-out-plant [--steps 480]

Then ``new_parts.py --kind plant --base runs/held-out-plant/weights.safetensors`` asks what a few photos of it bring.
Photos of a source that draws the kind are all left out. Killed at any time it goes on.
"""

import argparse
import json
from pathlib import Path

from ablations import base, tell

from semsam_annotate.training.config import TrainConfig
from semsam_annotate.training.data.entry import ImageEntry
from semsam_annotate.training.data.pack import write_pack
from semsam_annotate.training.data.readers import open_data
from semsam_annotate.training.loop import train

SETS = ("parts", "natural", "extra")


def pack_without(data: Path, kind: str, out: Path) -> Path:
    """A pack of the redistributable photos of all sources that never draw the kind."""
    out.mkdir(parents=True, exist_ok=True)
    path = out / "photos.pack"
    if not path.exists():
        opened = [open_data(data / name / "train.json", data / name) for name in SETS]
        barred = {entry.source for read in opened for entry in read if _draws(entry, kind)}
        kept = (entry for read in opened for entry in read if entry.source not in barred)
        write_pack((entry for entry in kept if entry.license_class == "redistributable"), path, 320)
        (out / "left-out.json").write_text(json.dumps(sorted(barred)) + "\n", encoding="utf-8")
    return path


def _draws(entry: ImageEntry, kind: str) -> bool:
    return kind in entry.objects


def config_without(data: Path, kind: str, out: Path, steps: int) -> TrainConfig:
    """The recipe, on those photos and scenes."""
    pack_without(data, kind, out / "packs")
    return base(out / "packs", 0, steps)


def main() -> None:
    """Train, or go on."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=480)
    given = parser.parse_args()
    print(train(config_without(given.data, given.kind, given.out, given.steps), given.out, tell))


if __name__ == "__main__":
    main()

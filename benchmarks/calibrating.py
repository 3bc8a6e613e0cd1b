"""How far names and scores can be trusted before and after they are calibrated on held-back photos.

    python benchmarks/calibrating.py --data FOLDER [--annotations FILE] [--weights FILE] [--images 60] [--masks 10]
        [--json FILE] [--png docs/reliability.png]

FOLDER holds images and val.json, whose names (or FILE's) are the vocabulary. The fit is that of ``semsam models
calibrate``; "after" is cross-fitted: each photo is corrected by a fit to the others.
"""

import argparse
import json
import shutil
import tempfile
from pathlib import Path

from new_parts import engine_of
from subject import ROOT

from semsam_annotate.model.engine.opening import packaged_weights
from semsam_annotate.training.calibrating import calibrate
from semsam_annotate.training.evaluation.sample import read_sample


def main() -> None:
    """Calibrate, and write what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--annotations", type=Path, help="COCO file, FOLDER/val.json if left out")
    parser.add_argument("--weights", type=Path, default=packaged_weights())
    parser.add_argument("--images", type=int, default=60)
    parser.add_argument("--masks", type=int, default=10)
    parser.add_argument("--json", type=Path, default=ROOT / "benchmarks/results/calibrating.json")
    parser.add_argument("--png", type=Path, default=ROOT / "docs/reliability.png")
    given = parser.parse_args()
    sample = read_sample(given.annotations or given.data / "val.json", given.data, given.images, given.masks)
    with tempfile.TemporaryDirectory() as models:
        found = calibrate(engine_of(given.weights), Path(models), sample, lambda done, total: print(done, total))
        told = {key: value for key, value in found.to_json().items() if key not in ("file", "picture")}
        given.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
        shutil.copyfile(found.picture, given.png)


if __name__ == "__main__":
    main()

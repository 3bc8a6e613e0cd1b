"""Pictures of a training run: its curves, and a sheet of ladders on photos that it never saw.

python benchmarks/figures.py curves RUN docs/training.png
python benchmarks/figures.py sheet COCO.json IMAGES docs/ladders-val.png [--names a.jpg,b.jpg] [--clicks 2] [--drawn]

``--drawn`` leaves the photos out, whose licences may forbid to publish them, and shows what annotators drew.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from scipy.ndimage import binary_erosion

import semsam_annotate as semsam
from semsam_annotate.annotations import read_image
from semsam_annotate.api import RgbImage
from semsam_annotate.model.innermost import innermost
from semsam_annotate.training.evaluation.sample import SampleImage, read_sample
from semsam_annotate.training.evaluation.sheet import SheetRow, draw_sheet

CURVES = {
    "mask (1 − Dice)": "dice_2",
    "mask (cross-entropy)": "bce_2",
    "score error": "clicked_iou_2",
    "object names": "object_class_last",
    "part names": "part_class_last",
    "part or object": "kind_last",
}
WINDOW = 50


def curves(run: Path, out: Path) -> None:
    """Running means of the losses over the steps; of a step done twice, after an interruption, the later one."""
    matplotlib.use("Agg")
    from matplotlib import pyplot

    lines = (run / "metrics.jsonl").read_text().splitlines()
    rows = {row["step"]: row for row in map(json.loads, lines)}
    listed = [rows[step] for step in sorted(rows)]
    figure, axes = pyplot.subplots(2, 3, figsize=(12, 6), constrained_layout=True)
    for axis, (title, key) in zip(axes.flat, CURVES.items(), strict=True):
        points = [(row["step"], row[key]) for row in listed if key in row]
        steps, values = (np.array(column) for column in zip(*points, strict=True))
        smooth = np.convolve(values, np.ones(WINDOW) / WINDOW, "valid")
        axis.plot(steps[WINDOW - 1 :], smooth, color="tab:blue")
        axis.set_title(title)
        axis.set_xlabel("step")
        axis.grid(alpha=0.3)
    figure.savefig(out, dpi=80)


def drawn(image: SampleImage, meant: int) -> RgbImage:
    """(H, W, 3) uint8: the mask that was meant in black, the edges of the others in grey."""
    picture = np.full((image.height, image.width, 3), 250, np.uint8)
    for truth in image.truths:
        mask = truth.mask()
        picture[mask & ~binary_erosion(mask, iterations=2)] = 170
    picture[image.truths[meant].mask()] = 40
    return picture


def sheet(annotations: Path, images: Path, out: Path, names: list[str], clicks: int, masks_only: bool) -> None:
    """Ladders of the packaged weights for the first masks, in the seeded order, of each named photo."""
    sample = read_sample(annotations, images, masks_limit=clicks)
    engine = semsam.load_engine("default")
    rows: list[Any] = []
    for image in (image for image in sample.images if not names or Path(image.name).name in names):
        rgb = read_image(image.path)
        embedding = engine.encode(rgb)
        for index in image.chosen:
            prompt = semsam.Prompt(points=[innermost(image.truths[index].mask())])
            ladder = engine.propose(embedding, prompt, sample.vocabulary)
            rows.append(SheetRow(drawn(image, index) if masks_only else rgb, prompt, ladder, _name(image, index)))
    drew = "; in black what an annotator drew" if masks_only else ""
    draw_sheet(
        rows, out, f"one click on photos that training never saw{drew}; smallest mask first, the best score framed"
    )


def _name(image: SampleImage, index: int) -> str:
    truth = image.truths[index]
    return " / ".join(name for name in (truth.object, truth.part) if name) or Path(image.name).stem


def main() -> None:
    """Draw what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = parser.add_subparsers(dest="kind", required=True)
    first = kinds.add_parser("curves")
    first.add_argument("run", type=Path)
    first.add_argument("out", type=Path)
    second = kinds.add_parser("sheet")
    for name in ("annotations", "images", "out"):
        second.add_argument(name, type=Path)
    second.add_argument("--names", type=lambda text: text.split(","), default=[])
    second.add_argument("--clicks", type=int, default=2)
    second.add_argument("--drawn", action="store_true")
    options = parser.parse_args()
    if options.kind == "curves":
        curves(options.run, options.out)
    else:
        sheet(options.annotations, options.images, options.out, options.names, options.clicks, options.drawn)


if __name__ == "__main__":
    main()

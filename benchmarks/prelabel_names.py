"""How often the names of pre-labels are right, by the probability that a name needs to be sent.

    python benchmarks/prelabel_names.py --data FOLDER [--images 30] [--weights default] [--out FILE]

FOLDER holds val.json and images with masks of objects and parts. Every photo is pre-labelled as for Label Studio, with
a labelling config of all the file's objects, ``OTHERS`` that no photo has, and all parts as "object:part"; then with
the objects alone. A sent mask is *found* if its IoU with an annotated one is at least 0.5, and *right* if one of those
bears its label. "precision": right ones of those found; "of_all": right ones of all sent, which is too low, since
photos are not annotated completely; "recall": annotated masks that a right one finds.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import numpy as np
from pycocotools import mask as coco_mask
from subject import ROOT

import semsam_annotate as semsam
from semsam_annotate.annotations.images import read_image
from semsam_annotate.api import Engine, Tree, encode_rle
from semsam_annotate.backend.label_studio.config import Label, LabelConfig, parse_config
from semsam_annotate.backend.label_studio.prelabeller import MAX_REGIONS
from semsam_annotate.backend.label_studio.regions import certainty, label_of, tree_candidates
from semsam_annotate.training.data.coco import masked_entries, open_coco
from semsam_annotate.training.data.entry import ImageEntry
from semsam_annotate.training.evaluation.sample import SampleImage, TruthMask, read_sample

OTHERS = ("cat", "dog", "cup", "chair", "bottle", "bicycle")
THRESHOLDS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
FOUND = 0.5


@dataclass
class Tally:
    """Over photos, for one threshold."""

    sent: int = 0
    found: int = 0
    right: int = 0
    truths: int = 0
    reached: int = 0

    def told(self, photos: int) -> dict[str, float]:
        """Shares in percent."""
        return {
            "sent_per_photo": round(self.sent / photos, 1),
            "precision": round(100 * self.right / max(self.found, 1), 1),
            "of_all": round(100 * self.right / max(self.sent, 1), 1),
            "recall": round(100 * self.reached / self.truths, 1),
        }


def configs(data: Path) -> dict[str, LabelConfig]:
    """With all names of the file, and with its objects alone."""
    named = {pair for entry in entries(data) for pair in zip(entry.objects, entry.parts, strict=True)}
    objects = [*sorted({owner for owner, _ in named if owner}), *OTHERS]
    parts = sorted(f"{owner}:{part}" for owner, part in named if owner and part)
    return {"objects and parts": config_of([*objects, *parts]), "objects": config_of(objects)}


def entries(data: Path) -> list[ImageEntry]:
    """All photos of the file."""
    return masked_entries(open_coco(data / "val.json", data))


def config_of(labels: Sequence[str]) -> LabelConfig:
    """A brush with labels."""
    listed = "".join(f"<Label value={quoteattr(label)}/>" for label in labels)
    brush = f'<BrushLabels name="brush" toName="image">{listed}</BrushLabels>'
    return parse_config(f'<View><Image name="image" value="$image"/>{brush}</View>')


def add(tally: Tally, tree: Tree, image: SampleImage, config: LabelConfig, threshold: float) -> None:
    """Count one photo."""
    parts = any(label.is_part for label in config.brush().labels)
    truths = [truth for truth in image.truths if parts or not truth.is_part]
    sent = tree_candidates(tree, MAX_REGIONS, lambda one: certainty(one, label_of(one, config)) >= threshold)
    tally.sent, tally.truths = tally.sent + len(sent), tally.truths + len(truths)
    if not sent or not truths:
        return
    masks = [coded(encode_rle(candidate.proposal.mask)) for candidate in sent]
    like = coco_mask.iou(masks, [truth.segment for truth in truths], [0] * len(truths)) >= FOUND
    labels = [label_of(candidate.proposal, config) for candidate in sent]
    right = like & np.array([[bears(truth, label) for truth in truths] for label in labels])
    tally.found += int(like.any(1).sum())
    tally.right += int(right.any(1).sum())
    tally.reached += int(right.any(0).sum())


def bears(truth: TruthMask, label: Label) -> bool:
    """Whether an annotated mask is called so."""
    if truth.is_part or label.is_part:
        return truth.is_part and label.is_part and (truth.object, truth.part) == (label.owner, label.name)
    return truth.object == label.name


def coded(rle: Any) -> dict[str, Any]:
    """As pycocotools takes it."""
    counts = rle["counts"]
    return {"size": rle["size"], "counts": counts.encode() if isinstance(counts, str) else counts}


def measured(engine: Engine, data: Path, images: int) -> dict[str, Any]:
    """Rows by config and threshold."""
    sample, tallies = read_sample(data / "val.json", data, images), {}
    wanted = configs(data)
    for number, image in enumerate(sample.images):
        print(number, image.name, flush=True)
        embedding = engine.encode(read_image(image.path))
        tree = engine.auto(embedding, wanted["objects and parts"].vocabulary())
        for name, config in wanted.items():  # parts do not change what objects are called
            for threshold in THRESHOLDS:
                add(tallies.setdefault((name, threshold), Tally()), tree, image, config, threshold)
    return {
        name: {str(threshold): tallies[name, threshold].told(len(sample.images)) for threshold in THRESHOLDS}
        for name in wanted
    }


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--images", type=int, default=30)
    parser.add_argument("--weights", default="default")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks/results/prelabel_names.json")
    given = parser.parse_args()
    engine = semsam.load_engine(given.weights, device="cpu")
    told = {"photos": given.images, "weights": engine.info.version} | measured(engine, given.data, given.images)
    given.out.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()

"""How well the list of probably wrong masks finds masks that were spoiled on purpose.

    python benchmarks/suspects.py --annotations val.json --images images --images-limit 40 \\
        --json benchmarks/results/suspects.json

A project is made of ground truth; with a fixed seed some masks get another name, some a sloppy outline, and of some
objects all parts of a name are taken away. Then a suspicion is right when it names a spoiled mask in the way it was
spoiled. What people drew is not free of mistakes itself: a suspicion about an unspoiled mask counts as wrong here.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from scipy.ndimage import binary_dilation, binary_erosion, shift

import semsam_annotate as semsam
from semsam_annotate.annotations import Annotation, Project, read_import
from semsam_annotate.annotations.people.suspects import suspects
from semsam_annotate.annotations.suspicions import KINDS, Doubts, Suspicion, usual_parts
from semsam_annotate.api import Mask, decode_rle, encode_rle

LEAST_AREA = 400
SHARE = 0.12
"""Of the masks that can be spoiled in a way; so a list of every mask would be right in about an eighth."""


def sloppy(mask: Mask, rng: random.Random) -> Mask | None:
    """The mask grown, shrunk or moved until its IoU with what it was lies between 0.62 and 0.82."""
    way = rng.choice(["grow", "shrink", "move"])
    for step in range(1, 40):
        if way == "move":
            spoiled = shift(mask.astype(np.uint8), (step, step), order=0).astype(bool)
        else:
            spoiled = (binary_dilation if way == "grow" else binary_erosion)(mask, iterations=step)
        union = int((spoiled | mask).sum())
        iou = int((spoiled & mask).sum()) / union if union else 0.0
        if iou <= 0.82:
            return spoiled if iou >= 0.62 else None
    return None


def spoil(project: Project, records: list[Annotation], seed: int) -> dict[tuple[str, str], str]:
    """(id of the mask as it is now, kind) -> what was done to it."""
    rng = random.Random(seed)
    done: dict[tuple[str, str], str] = {}
    objects, parts = list(project.vocabulary().objects), list(project.vocabulary().parts)
    usual = usual_parts((one.id, one.object, one.part, one.part_of) for one in records)
    below: dict[tuple[str, str], list[str]] = {}
    for one in records:
        if one.part_of is not None and one.part is not None:
            below.setdefault((one.part_of, one.part), []).append(one.id)
    touched: set[str] = set()
    large = [one for one in records if int(decode_rle(one.mask).sum()) >= LEAST_AREA]
    for (owner, part), ids in sorted(below.items()):
        name = next(one.object for one in records if one.id == owner)
        if usual.get(name or "", {}).get(part, 0.0) >= Doubts().usual and rng.random() < SHARE:
            for id in ids:
                project.store.delete(id)
            touched |= {owner, *ids}
            done[owner, "missing part"] = part
    for one in large:
        if one.id in touched:
            continue
        draw = rng.random()
        if draw < SHARE:
            names = parts if one.kind == "part" else objects
            other = rng.choice([name for name in names if name != (one.part or one.object)])
            facts = {"part": other, "kind": "part"} if one.kind == "part" else {"object": other}
            done[project.store.supersede(one.id, **facts).id, "name"] = other
        elif draw < 2 * SHARE and (mask := sloppy(decode_rle(one.mask), rng)) is not None:
            done[project.store.supersede(one.id, mask=encode_rle(mask)).id, "outline"] = "sloppy"
    return done


def judged(found: list[Suspicion], spoiled: dict[tuple[str, str], str]) -> dict[str, Any]:
    """Precision and recall of each kind and of all, and precision among the surest."""
    result: dict[str, Any] = {}
    for kind in (*KINDS, "all"):
        mine = [one for one in found if kind in (one.kind, "all")]
        right = {(one.mask, one.kind) for one in mine} & spoiled.keys()
        wanted = [key for key in spoiled if kind in (key[1], "all")]
        hits = sum((one.mask, one.kind) in spoiled for one in mine)
        first = [(one.mask, one.kind) in spoiled for one in mine[:20]]
        result[kind] = {
            "listed": len(mine), "spoiled": len(wanted), "right": hits,
            "precision": round(hits / len(mine), 3) if mine else None,
            "precision_of_20_surest": round(sum(first) / len(first), 3) if first else None,
            "recall": round(len(right) / len(wanted), 3) if wanted else None,
        }  # fmt: skip
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--annotations", type=Path, required=True)
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--images-limit", type=int, default=40)
    parser.add_argument("--weights", default="default")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    plain = json.loads(given.annotations.read_text())
    rng = np.random.default_rng(given.seed)
    chosen = {plain["images"][place]["id"] for place in rng.permutation(len(plain["images"]))[: given.images_limit]}
    plain["images"] = [row for row in plain["images"] if row["id"] in chosen]
    plain["annotations"] = [row for row in plain["annotations"] if row["image_id"] in chosen]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "some.json"
        file.write_text(json.dumps(plain))
        with Project.create(Path(folder) / "project") as project:
            project.take_in(read_import("coco", file, given.images))
            records = project.store.annotations()
            spoiled = spoil(project, records, given.seed)
            engine = semsam.load_engine(given.weights)
            start = time.perf_counter()
            show = lambda done, total: print(f"\r{done}/{total}", end="", file=sys.stderr)  # noqa: E731
            found = suspects(project, engine, progress=show)
            seconds = time.perf_counter() - start
            engine.close()
    result = {
        "images": len(chosen), "masks": len(records), "seed": given.seed, "seconds": round(seconds),
        "spoiled": dict(Counter(kind for _, kind in spoiled)), "weights": given.weights, **judged(found, spoiled),
    }  # fmt: skip
    text = json.dumps(result, indent=1)
    print(text)
    if given.json:
        given.json.write_text(text + "\n")


if __name__ == "__main__":
    main()

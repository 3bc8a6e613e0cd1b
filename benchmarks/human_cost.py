"""What a mask costs a person, simulated: our ladder beside one mask a click, both finished with a brush.

    python benchmarks/human_cost.py --data FOLDER [--images N] [--masks 10] [--weights default] [--out FILE]

FOLDER holds val.json and images of masks of parts and objects. A person clicks the innermost pixel of a mask.
"ladder": takes the rung most like it, by its digit, if that is visibly better than the one shown (by 0.05, or good
enough); "one": takes the mask of best score, the only one there is. Below IoU 0.9 the centre of the largest error is
clicked, to add or to take away, up to five clicks in all; what is left is painted. Enter accepts. Every answer is
looked at once (M); another rung, or the brush, is a decision more. Seconds are those of the keystroke-level model
(``keystrokes``); names are not part of it.

Brush: strokes = ceil(pixels / (pi / 4 * d^2)), d the brush's diameter: --brush times the root of the mask's area, at
least 8 pixels of the image. ``pixels`` are the fewest wrong ones that must change until IoU 0.9. With I and U the
pixels of intersection and union and T those of the mask: 0.9 U - I missed ones, if so many are missed; else all T - I
of them and U - T / 0.9 of those taken by mistake.

"bare_ladder" is our ladder as it is after the clicks, nothing painted: cheaper, and not always as good (``iou``).
Killed at any time it goes on. Rows stay beside the table.
"""

import argparse
import json
import math
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from human_cost_table import ARMS, table
from kept_rows import Rows, keep_rows, read_rows
from keystrokes import SECONDS, Hand
from subject import ROOT
from timing import machine

import semsam_annotate as semsam
from semsam_annotate.api import Ladder, Mask, Prompt
from semsam_annotate.model.engine import LocalEngine
from semsam_annotate.model.innermost import innermost
from semsam_annotate.napari.state.candidate import Candidate, Click
from semsam_annotate.training.evaluation.asking import AskedImage
from semsam_annotate.training.evaluation.clicks import correction_click
from semsam_annotate.training.evaluation.sample import SampleImage, read_sample

GOOD, CLICKS = 0.9, 5
LEAST_BRUSH = 8.0
VISIBLE = 0.05
"""IoU by which another rung is seen to be better."""
BARE = ("actions", *SECONDS)
FACTS = (*BARE, "clicks", "strokes", "iou")
KEYS = (*(f"{arm}_{fact}" for arm in ARMS for fact in FACTS), *(f"bare_ladder_{fact}" for fact in BARE), "part")
Work = Generator[Prompt, Ladder, dict[str, float]]


def annotated(truth: Mask, choosing: bool, brush: float) -> Work:
    """Ask for one (H, W) mask as a person does, ``choosing`` among rungs or not; what it took."""
    hand, candidate, shown = Hand(), Candidate(), np.zeros_like(truth)
    for number in range(CLICKS):
        found = (innermost(truth), 1) if number == 0 else correction_click(shown, truth)
        if found is None or (number and iou(shown, truth) >= GOOD):
            break
        hand.think()
        hand.click(modifier=number > 0)
        (x, y), label = found
        candidate = candidate.clicked(Click((float(x), float(y)), bool(label)))
        candidate = candidate.answered((yield candidate.prompt))
        if choosing:
            candidate = best_rung(candidate, truth, hand)
        assert candidate.proposal is not None
        shown = candidate.proposal.mask
    return finished(hand, len(candidate.clicks), shown, truth, brush)


def best_rung(candidate: Candidate, truth: Mask, hand: Hand) -> Candidate:
    """The rung most like the truth, by its digit, if it is better than the one shown."""
    assert candidate.ladder is not None
    ious = [iou(proposal.mask, truth) for proposal in candidate.ladder]
    best = int(np.argmax(ious))
    now = ious[candidate.rung]
    if now >= GOOD or ious[best] < min(now + VISIBLE, GOOD):
        return candidate
    hand.think()
    hand.press()
    return candidate.at(best)


def finished(hand: Hand, clicks: int, shown: Mask, truth: Mask, brush: float) -> dict[str, float]:
    """Look at what is shown, paint what is missing, accept; "bare" are the counts of accepting without paint."""
    hand.think()
    diameter = max(brush * math.sqrt(np.count_nonzero(truth)), LEAST_BRUSH)
    bare, strokes = hand.copy(), math.ceil(wrong_pixels(shown, truth) / (math.pi / 4 * diameter**2))
    if strokes:
        hand.think()
        hand.press()  # the brush
        for _ in range(strokes):
            hand.stroke()
        hand.think()
    for one in (hand, bare):
        one.press()
    facts = {"clicks": clicks, "strokes": strokes, "iou": iou(shown, truth), **hand.facts()}
    return facts | {f"bare_{name}": count for name, count in bare.facts().items()}


def wrong_pixels(shown: Mask, truth: Mask) -> float:
    """The fewest pixels that must change until IoU ``GOOD``."""
    both, either, all_of_it = (np.count_nonzero(mask) for mask in (shown & truth, shown | truth, truth))
    needed = GOOD * either - both
    missed = all_of_it - both
    return max(needed if needed <= missed else missed + either - all_of_it / GOOD, 0.0)


def iou(first: Mask, second: Mask) -> float:
    return float(np.count_nonzero(first & second) / max(np.count_nonzero(first | second), 1))


def rows_of(engine: LocalEngine, image: SampleImage, brush: float) -> Iterator[dict[str, Any]]:
    """One row for each chosen mask; all masks of an image are asked for at once, click by click."""
    asked = AskedImage.read(image)
    handle = engine.encode(asked.rgb)
    told = {}
    for arm in ARMS:
        told[arm] = together(engine, handle, [annotated(one, arm == "ladder", brush) for one in asked.chosen])
    engine.release(handle)
    for number, index in enumerate(image.chosen):
        row: dict[str, Any] = {"image": image.name, "part": float(image.truths[index].is_part)}
        row |= {f"{arm}_{fact}": told[arm][number][fact] for arm in ARMS for fact in FACTS}
        yield row | {f"bare_ladder_{fact}": told["ladder"][number][f"bare_{fact}"] for fact in BARE}


def together(engine: LocalEngine, handle: Any, works: Sequence[Work]) -> list[dict[str, float]]:
    """Run persons side by side: what they ask for is answered at once."""
    done: dict[int, dict[str, float]] = {}
    asking = {number: next(work) for number, work in enumerate(works)}
    while asking:
        ladders = engine.propose_many(handle, list(asking.values()))
        answers, asking = dict(zip(asking, ladders, strict=True)), {}
        for number, ladder in answers.items():
            try:
                asking[number] = works[number].send(ladder)
            except StopIteration as over:
                done[number] = over.value
    return [done[number] for number in range(len(works))]


def main() -> None:
    """Ask about what is not in the rows yet, then write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--images", type=int, default=None)
    parser.add_argument("--masks", type=int, default=10, help="of an image, at most")
    parser.add_argument("--brush", type=float, default=0.2, help="diameter by the root of the mask's area")
    parser.add_argument("--weights", default="default")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks/results/human_cost.json")
    given = parser.parse_args()
    sample = read_sample(given.data / "val.json", given.data, given.images, given.masks)
    engine = semsam.load_engine(given.weights, device="cpu")
    kept = given.out.with_suffix("") / f"{engine.info.version}-{given.masks}-{given.brush:g}.rows.json"
    rows: Rows = read_rows(kept) if kept.exists() else []
    known = {row["image"] for row in rows}
    for image in sample.images:
        if image.chosen and image.name not in known:
            rows += rows_of(engine, image, given.brush)
            keep_rows(rows, KEYS, kept)
            print(f"{len({row['image'] for row in rows})} of {len(sample.images)} images", flush=True)
    facts = {"machine": machine(), "version": engine.info.version, "brush": given.brush, "masks": len(rows)}
    told = facts | {"figures": table(rows)}
    given.out.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    for kind, figures in told["figures"].items():
        print(json.dumps({"kind": kind, **figures}))


if __name__ == "__main__":
    main()

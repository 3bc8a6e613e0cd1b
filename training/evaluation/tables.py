"""The figures of ``report`` as tables of text, for the terminal and for the page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

SHOWN = ("max", "oracle", "all", "all_multi", "max_click2")
KINDS = ("object", "part")
LABELS = ("label_object", "label_part", "label_owner")
ENDS = ("_majority", "_macro", "_macro_majority")
SLICES = {"by_dataset": "data set", "by_size": "size", "by_granularity": "granularity"}
SEGMENT = {
    "panoptic": ("pq", "sq", "rq"),
    "semantic": ("miou",),
    "instance": ("ap", "ap50", "ap75", "ap_small", "ap_medium", "ap_large"),
    "part": ("ap", "ap50", "ap75"),
    "part_name": ("ap", "ap50", "ap75"),
}
NONE = "–"


@dataclass(frozen=True)
class Table:
    """A title, headings, and rows of as many cells; the first column is text, the others are numbers."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]


def brief_tables(figures: dict[str, Any]) -> list[Table]:
    """What matters first: masks and labels by prompt, corrections, segmentation without prompts, differences."""
    found = [
        table for prompt, facts in _prompts(figures) for table in (*main_tables(facts, prompt), _clicks(facts, prompt))
    ]
    found += [_segment(name, facts) for name, facts in figures.get("segment", {}).items()]
    return [table for table in (*found, *differences(figures, whole=False)) if table.rows]


def detail_tables(figures: dict[str, Any]) -> list[Table]:
    """The figures apart by data set, size, granularity and level, calibration, all differences."""
    found = []
    for prompt, facts in _prompts(figures):
        found += [_slice(facts[key], word, prompt) for key, word in SLICES.items() if len(facts[key]) > 1]
        found += [_levels(facts, prompt), *_bins(facts, prompt)]
    found += differences(figures, whole=True)
    return [table for table in found if table.rows]


def _prompts(figures: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The kinds of prompt with their figures."""
    return [(figures["prompt"], figures), *([("box", figures["box"])] if "box" in figures else [])]


def main_tables(figures: dict[str, Any], prompt: str) -> list[Table]:
    """Masks, and labels where the engine gives any, with 95 % intervals."""
    title = f"{figures['n']} masks by {prompt} on {figures['images']} images"
    keys = [key for key in SHOWN if figures[key] is not None]
    masks = [[key, *_measured(figures, key), *(number(figures[f"{key}_{kind}"]) for kind in KINDS)] for key in keys]
    keys = [key for key in (f"{side}_top{top}" for side in LABELS for top in (1, 5)) if figures[key] is not None]
    labels = [[key, *_measured(figures, key), *(number(figures[f"{key}{end}"]) for end in ENDS)] for key in keys]
    return [
        Table(title, ["IoU, %", "all", "95 %", "objects", "parts"], masks),
        Table(f"labels by {prompt}", ["labels, %", "micro", "95 %", "majority", "macro", "majority"], labels),
    ]


def differences(figures: dict[str, Any], whole: bool) -> list[Table]:
    """New minus old, mask by mask and image by image, where a report has them: the main figures, or the ``whole``."""
    against = figures.get("against", {})
    other = f"{against.get('engine', '')} {against.get('version', '')[:8]}".rstrip()
    segment = figures.get("difference_segment", {})
    found = [
        (f"minus {other}, by {figures['prompt']}", figures.get("difference", {})),
        (f"minus {other}, by box", figures.get("difference_box", {})),
        *((f"minus {other}, without prompts, {name}".rstrip(", "), one) for name, one in segment.items()),
    ]
    return [
        Table(title, ["", "difference", "95 %"], [_difference(key, value) for key, value in _kept(one, whole)])
        for title, one in found
    ]


def _kept(between: dict[str, Any], whole: bool) -> list[tuple[str, Sequence[float]]]:
    """Those that are known; not those of kinds apart, unless the ``whole`` is asked for."""
    ends = tuple(f"{key}_{kind}" for key in SHOWN for kind in KINDS)
    return [(key, value) for key, value in between.items() if value is not None and (whole or key not in ends)]


def _clicks(figures: dict[str, Any], prompt: str) -> Table:
    after = [
        [f"after {clicks}", number(value)] for clicks, value in figures["iou_at_click"].items() if value is not None
    ]
    needed = [[f"NoC@{goal}", f"{figures[f'noc{goal}']:.2f}"] for goal in (85, 90) if figures[f"noc{goal}"] is not None]
    return Table(f"corrections of a {prompt}", ["", "IoU, % or clicks"], [*after, *needed] if len(after) > 1 else [])


def _slice(parts: dict[str, Any], word: str, prompt: str) -> Table:
    headings = [word, "masks", "max", "95 %", "objects", "parts", "oracle", "objects", "parts", "all"]
    keys = ("max_object", "max_part", "oracle", "oracle_object", "oracle_part", "all")
    rows = [
        [name, str(one["n"]), *_measured(one, "max"), *(number(one[key]) for key in keys)]
        for name, one in parts.items()
    ]
    return Table(f"by {word}, {prompt}", headings, rows)


def _levels(figures: dict[str, Any], prompt: str) -> Table:
    rows = [
        [name, str(one["n"]), number(one["score"]), number(one["iou"]), number(one["oracle"])]
        for name, one in figures["by_level"].items()
    ]
    return Table(
        f"by level of the ladder, {prompt}", ["level", "rungs", "predicted", "true", "fits best, % of masks"], rows
    )


def _bins(figures: dict[str, Any], prompt: str) -> list[Table]:
    found = []
    words = {"rungs": "every rung, against what it fits best", "chosen": "the best score, against the mask meant"}
    for key, one in (figures["calibration"] or {}).items():
        rho = NONE if one["spearman"] is None else f"{one['spearman']:.2f}"
        title = f"calibration by {prompt}: {words[key]}: ECE {one['ece']:.1f} [{interval(one['ece_ci95'])}], ρ {rho}"
        rows = [
            [f"{each['low']:.1f} – {each['high']:.1f}", str(each["n"]), number(each["score"]), number(each["iou"])]
            for each in one["bins"]
            if each["n"]
        ]
        found.append(Table(title, ["predicted", "proposals", "mean predicted, %", "mean true, %"], rows))
    return found


def _segment(name: str, facts: dict[str, Any]) -> Table:
    rows = [
        [f"{task}_{key}", number(facts[f"{task}_{key}"]), interval(facts["ci95"].get(f"{task}_{key}"))]
        for task, keys in SEGMENT.items()
        for key in keys
        if facts.get(f"{task}_{key}") is not None
    ]
    return Table(f"without prompts, {facts['images']} images, {name}".rstrip(", "), ["%", "", "95 %"], rows)


def _difference(key: str, value: Sequence[float]) -> list[str]:
    return [key, f"{value[0]:+.1f}", interval(value[1:], "+.1f")]


def _measured(figures: dict[str, Any], key: str) -> tuple[str, str]:
    return number(figures[key]), interval(figures["ci95"][key])


def interval(bounds: Sequence[float] | None, digits: str = ".1f") -> str:
    """Both ends of an interval."""
    return NONE if bounds is None else f"{bounds[0]:{digits}} … {bounds[1]:{digits}}"


def number(value: float | None) -> str:
    """One decimal, or a dash."""
    return NONE if value is None else f"{value:.1f}"

"""The report of one retraining: a page that needs nothing but a browser, and the same as one picture."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from semsam_annotate.annotations.files import write_atomically
from semsam_annotate.annotations.retraining.progress import ProgressReader
from semsam_annotate.annotations.retraining.run import BeforeAfter, Run
from semsam_annotate.annotations.retraining.verdict import Verdict
from semsam_annotate.training.evaluation.page import rendered
from semsam_annotate.training.evaluation.pictures import Picture
from semsam_annotate.training.evaluation.tables import NONE, Table, interval, number
from semsam_annotate.training.retrain.report_picture import Report, draw_report

WORDS = {
    "oracle": "best mask of the ladder",
    "max": "mask with the best score",
    "label_object_top1_macro": "object names right",
    "label_part_top1_macro": "part names right",
}
"""Figures that are shown, and what they are called."""
MOST_LABELS = 200
SAME = 0.01
"""Difference of two IoUs below which nothing has changed for a person's eye."""


@dataclass(frozen=True)
class Pair:
    """PNG files of a mask before and after, and the IoU of both, 0..1."""

    name: str
    before: bytes
    after: bytes
    old: float
    new: float


@dataclass(frozen=True)
class Page:
    """What the template shows."""

    number: int
    started: str
    host: str
    version: str
    parent: str
    better: bool
    verdict: str
    sentence: str
    news: str
    troubles: Sequence[str]
    tables: Sequence[Table]
    labels: Table
    picture: bytes
    pairs: Mapping[str, Sequence[Pair]]
    cases: Mapping[str, Sequence[Picture]] = field(default_factory=dict)


def write_report(
    run: Run, told: Mapping[str, Any], news: str, troubles: Sequence[str], cases: Mapping[str, Sequence[Picture]]
) -> Path:
    """Write ``report.png``, then ``report.html`` of the same, into the run's folder; returns the page.

    ``told``: what ``RetrainReport.to_json`` gives, with ``parent``. ``troubles``: sentences that people should read
    before they trust the figures. ``cases``: best and worst masks of the new model.
    """
    verdict = Verdict.read(dict(told))
    assert verdict is not None
    figures = rows_of(told)
    curve = [(mark.done, mark.loss) for mark in ProgressReader(run.progress).new() if mark.loss is not None]
    report = Report(f"Training {run.number}", verdict.in_short, figures, list(told["labels"]), curve, run.pictures)
    picture = draw_report(report)
    write_atomically(run.folder / "report.png", picture)
    page = Page(
        run.number, f"{run.started[:16].replace('T', ' ')} UTC", run.host, verdict.version, str(told["parent"]),
        verdict.better, verdict.in_short, verdict.sentence, news, troubles,
        [_table(title, rows) for title, rows in figures.items() if rows], _labels(told["labels"]), picture,
        _pairs(run.pictures), {name: shown for name, shown in cases.items() if name != "median"},
    )  # fmt: skip
    source = resources.files("semsam_annotate.training.retrain").joinpath("report.html").read_text(encoding="utf-8")
    write_atomically(run.page, rendered(source, page=page).encode())
    return run.page


Figure = tuple[str, float, Sequence[float] | None, float, Sequence[float] | None, Sequence[float] | None]
"""Name, percent before and its interval, percent after and its interval, difference and its interval."""


def rows_of(told: Mapping[str, Any]) -> dict[str, list[Figure]]:
    """Set of images, such as "held back", to its figures before and after; those that nothing is known of left out."""
    sets = {
        f"held back, {told['validation_masks']} masks": told["held_back"],
        "replay: earlier pictures": told["replay"],
    }
    return {title: [_figure(key, one) for key, one in found.items() if key in WORDS] for title, found in sets.items()}


def _figure(key: str, one: Mapping[str, Any]) -> Figure:
    return WORDS[key], one["old"], one["old_ci95"], one["new"], one["new_ci95"], one["difference"]


def _table(title: str, rows: Sequence[Figure]) -> Table:
    shown = [
        [name, number(old), interval(old_ci), number(new), interval(new_ci), *_difference(new - old, between)]
        for name, old, old_ci, new, new_ci, between in rows
    ]
    return Table(title, ["%", "before", "95 %", "after", "95 %", "difference", "95 %"], shown)


def _difference(plain: float, between: Sequence[float] | None) -> list[str]:
    """The points, and their interval where enough images tell it."""
    return [f"{plain:+.1f}", NONE] if between is None else [f"{between[0]:+.1f}", interval(between[1:], "+.1f")]


def _labels(labels: Sequence[Mapping[str, Any]]) -> Table:
    rows = []
    for label in labels[:MOST_LABELS]:
        mask, named = label["mask"], label["named"]
        note = "worse" if label["worse"] else "" if label["enough"] else "too few"
        names = [NONE] * 3 if named is None else [number(named[0]), number(named[1]), f"{named[2]:+.1f}"]
        between = interval(mask[3:], "+.1f") if label["images"] > 1 else NONE
        shown = [number(mask[0]), number(mask[1]), f"{mask[2]:+.1f}", between]
        rows.append([label["name"], str(label["masks"]), str(label["images"]), *shown, *names, note])
    headings = ["label", "masks", "images", "mask before, %", "after", "difference", "90 %", "named before, %", "after",
                "difference", ""]  # fmt: skip
    return Table("best mask of the ladder, and how often the name came first", headings, rows)


def _pairs(pictures: Sequence[BeforeAfter]) -> dict[str, list[Pair]]:
    found: dict[str, list[Pair]] = {"What gained most": [], "What stayed": [], "What lost most": []}
    for one in pictures:
        gained = one.new - one.old
        title = "What stayed" if abs(gained) < SAME else "What gained most" if gained > 0 else "What lost most"
        found[title].append(Pair(one.name, one.before.read_bytes(), one.after.read_bytes(), one.old, one.new))
    return found

"""First half: three photos that come with scikit-image, a few clicks each, accepted and exported."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import skimage.data
from PIL import Image
from rich.console import Console
from rich.table import Table

import semsam_annotate as semsam
from semsam_annotate.annotations import Project, read_image
from semsam_annotate.api import RgbImage
from semsam_annotate.training.evaluation.sheet import SheetRow, draw_sheet

OBJECTS = ("person", "cat", "coffee mug", "plate", "knife", "leaf")
PARTS = ("hair", "skin", "jacket", "eye", "ear", "nose", "handle")


@dataclass(frozen=True)
class Click:
    """A photo of ``skimage.data`` and where to click on it: x, y in pixels."""

    photo: str
    x: int
    y: int


CLICKS = (
    Click("astronaut", 225, 110),
    Click("astronaut", 180, 55),
    Click("astronaut", 130, 370),
    Click("coffee", 265, 170),
    Click("coffee", 110, 215),
    Click("chelsea", 225, 150),
    Click("chelsea", 195, 90),
)


def annotate(out: Path, console: Console) -> dict[str, Any]:
    """Encode once, click, accept the best rung, export; the times in milliseconds and what was accepted."""
    project = _project(out)
    engine = semsam.load_engine(f"project:{project.folder}")
    info = engine.info
    console.print(f"model [bold]{info.name}[/bold] {info.version}, {info.parameters / 1e6:.1f} M parameters")
    table = Table("photo", "click", "rungs", "best score", "object", "part", "ms")
    rows: list[SheetRow] = []
    times: dict[str, Any] = {"encode_ms": {}, "click_ms": []}
    for path in project.images():
        rgb = read_image(path)
        started = time.perf_counter()
        embedding = engine.encode(rgb)
        times["encode_ms"][path.stem] = _ms(started)
        for click in (click for click in CLICKS if click.photo == path.stem):
            started = time.perf_counter()
            prompt = semsam.Prompt(points=[(click.x, click.y)])
            ladder = engine.propose(embedding, prompt, vocabulary=project.vocabulary())
            times["click_ms"].append(_ms(started))
            _accept(project, path, rgb, prompt, ladder)
            rows.append(SheetRow(rgb, prompt, ladder, path.stem))
            table.add_row(path.stem, f"{click.x}, {click.y}", *_summary(ladder), f"{times['click_ms'][-1]:.0f}")
    console.print(table)
    draw_sheet(rows, out / "ladders.png", "one click, a ladder of masks: smallest first, the best score framed")
    exports = {name: project.export(name, out / f"{name}.json").line() for name in ("coco", "parts")}
    for line in exports.values():
        console.print(line)
    engine.close()
    project.close()
    return {**times, "accepted": len(rows), "exports": exports}


def _project(out: Path) -> Project:
    photos = out / "project" / "photos"
    photos.mkdir(parents=True, exist_ok=True)
    for name in dict.fromkeys(click.photo for click in CLICKS):
        Image.fromarray(getattr(skimage.data, name)()).save(photos / f"{name}.png")
    return Project.create(out / "project", objects=OBJECTS, parts=PARTS, images=[photos])


def _accept(project: Project, path: Path, rgb: RgbImage, prompt: semsam.Prompt, ladder: semsam.Ladder) -> None:
    """Accept the rung with the best score, under its likeliest names."""
    best = ladder.best
    is_part = best.part_probability > 0.5
    project.store.accept(
        project.ref(path, rgb),
        best,
        kind="part" if is_part else "object",
        object=best.object_labels[0][0],
        part=best.part_labels[0][0] if is_part else None,
        author="demo",
        prompt=prompt,
        ladder=ladder,
        clicks=1,
    )


def _summary(ladder: semsam.Ladder) -> tuple[str, str, str, str]:
    best = ladder.best
    (thing, sure), (part, likely) = best.object_labels[0], best.part_labels[0]
    named = f"{part} {likely:.0%}" if best.part_probability > 0.5 else "-"
    return str(len(ladder)), f"{best.score:.2f}", f"{thing} {sure:.0%}", named


def _ms(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 1)

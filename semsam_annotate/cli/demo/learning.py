"""Second half: three kinds of generated objects that shipped training never saw are annotated, learned, judged."""

import json
import time
from pathlib import Path
from typing import Any

from PIL import Image
from rich.console import Console

from semsam_annotate.annotations import Project
from semsam_annotate.api import encode_rle
from semsam_annotate.cli.bars import bars
from semsam_annotate.training.data.record import TrainingImage
from semsam_annotate.training.retrain import RetrainSettings, retrain
from semsam_annotate.training.scenes import generate

TRAIN_SCENES, VALIDATION_SCENES = 60, 20
MASKS_A_SCENE = 10
"""The largest ones; 20 scenes hold 200 validation masks."""
SIDE = 256


def learn(out: Path, steps: int, console: Console) -> dict[str, Any]:
    """Import the annotated scenes, retrain, tell the gate's verdict; scores before and after."""
    console.print("\nlearning objects that the shipped model never saw (lanterns, windmills, teapots)")
    started = time.perf_counter()
    with _project(out) as project, bars() as show:
        report = retrain(project, RetrainSettings(steps=steps, batch=3), show)
    seconds = round(time.perf_counter() - started, 1)
    verdict = report.verdict
    console.print(f"gate: [bold]{'promoted' if report.promoted else 'not promoted'}[/bold] after {seconds:.0f} s")
    for reason in verdict.reasons:
        console.print(f"  {reason}")
    console.print(f"  lost on earlier data: {verdict.replay_loss:+.1f} points of 1.0 allowed")
    return {"seconds": seconds, **report.to_json()}


def _project(out: Path) -> Project:
    """A project with the scenes and their exact annotations, brought in as a COCO file like anybody's own data."""
    folder = out / "held-out" / "scenes"
    folder.mkdir(parents=True, exist_ok=True)
    content: dict[str, Any] = {"images": [], "annotations": [], "categories": []}
    for number in range(TRAIN_SCENES + VALIDATION_SCENES):
        scene = generate(number, SIDE, "few")
        Image.fromarray(scene.image).save(folder / f"{number:03d}.png")
        _describe(content, scene, number)
    (folder / "scenes.json").write_text(json.dumps(content), encoding="utf-8")
    project = Project.create(out / "held-out")
    project.import_file("coco", folder / "scenes.json", folder)
    return project


def _describe(content: dict[str, Any], scene: TrainingImage, number: int) -> None:
    """Add a scene's named masks, the largest first, to a COCO file."""
    split = "train" if number < TRAIN_SCENES else "validation"
    row = {"id": number + 1, "file_name": f"{number:03d}.png", "width": SIDE, "height": SIDE}
    content["images"].append({**row, "semsam": {"split": split}})
    order = sorted(range(len(scene)), key=lambda index: -int(scene.masks[index].sum()))
    named = [index for index in order if scene.objects[index] is not None][:MASKS_A_SCENE]
    for index in named:
        part = scene.parts[index]
        name = scene.objects[index] if part is None else f"{scene.objects[index]}:{part}"
        content["annotations"].append(
            {
                "id": len(content["annotations"]) + 1,
                "image_id": number + 1,
                "category_id": _category(content, str(name)),
                "segmentation": encode_rle(scene.masks[index]),
                "iscrowd": 0,
            }
        )


def _category(content: dict[str, Any], name: str) -> int:
    rows = content["categories"]
    known = next((row["id"] for row in rows if row["name"] == name), None)
    if known is None:
        known = len(rows) + 1
        rows.append({"id": known, "name": name, "supercategory": "PART" if ":" in name else "OBJECT"})
    return int(known)

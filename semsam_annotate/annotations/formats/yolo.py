"""YOLO segmentation: a line a mask, one polygon in fractions of the image; pieces and holes joined by bridges."""

import json
from collections import Counter
from pathlib import Path

from semsam_annotate.annotations.categories import category_rows
from semsam_annotate.annotations.formats.outline import one_polygon
from semsam_annotate.annotations.formats.pictures import FOLDERS, copy_picture, plain_stems, split_of
from semsam_annotate.annotations.formats.scene import Frame, Scene
from semsam_annotate.annotations.formats.written import Written, flat, unnamed, written
from semsam_annotate.annotations.record import Annotation
from semsam_annotate.api import decode_rle

BRIDGED = "masks whose holes or pieces are joined by bridges"


def write_yolo(scene: Scene, folder: Path) -> Written:
    """``data.yaml``, ``images/SPLIT`` and ``labels/SPLIT``; parts are classes called ``object:part``.

    Corners lie on the edges of pixels, so that polygons filled by the even-odd rule are the masks to the pixel. A
    split's folder holds no others: many readers would not look into them.
    """
    frames, lost = flat(scene.frames)
    used = [scene.categories[record.id] for frame in frames for record in frame.records]
    classes = {category: row["id"] - 1 for category, row in category_rows(used, scene.objects).items()}
    stems = plain_stems(frames)
    for frame in frames:
        split = FOLDERS[split_of(frame)]
        copy_picture(scene, frame, folder / "images" / split / stems[frame.id])
        lines = [
            f"{classes[scene.categories[record.id]]} {_polygon(record, frame, lost)}\n" for record in frame.records
        ]
        path = folder / "labels" / split / f"{stems[frame.id]}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(lines), encoding="ascii")
    names = [category.name for category in classes]
    (folder / "data.yaml").write_text(_yaml(frames, names), encoding="utf-8")
    kept = [record for frame in frames for record in frame.records]
    return written(frames, kept, ("splits",), lost + unnamed(scene, kept))


def _polygon(record: Annotation, frame: Frame, lost: Counter[str]) -> str:
    ring, bridges = one_polygon(decode_rle(record.mask))
    lost[BRIDGED] += bridges > 0
    height, width = frame.ref.height, frame.ref.width
    return " ".join(f"{x / width:.8g} {y / height:.8g}" for x, y in ring)


def _yaml(frames: list[Frame], names: list[str]) -> str:
    """Paths are relative to the file. The field's trainers refuse a file without ``val``, so it is never left out."""
    there = {FOLDERS[split_of(frame)] for frame in frames}
    first = next(name for name in FOLDERS.values() if name in there)
    lines = [f"{name}: images/{name if name in there else first}" for name in ("train", "val")]
    lines += ["test: images/test"] if "test" in there else []
    listed = [f"  {number}: {json.dumps(name, ensure_ascii=False)}" for number, name in enumerate(names)]
    return "\n".join([*lines, "names:", *listed]) + "\n"

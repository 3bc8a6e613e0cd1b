"""YOLO segmentation: a line a mask, one polygon in fractions of the image; pieces and holes joined by bridges."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from semsam_annotate.annotations.categories import Category, category_rows
from semsam_annotate.annotations.formats.outline import one_polygon
from semsam_annotate.annotations.formats.pictures import FOLDERS, copy_picture, plain_stems, split_of
from semsam_annotate.annotations.formats.scene import Frame, Head, Scene
from semsam_annotate.annotations.formats.written import Account
from semsam_annotate.api import decode_rle

KINDS = "kinds"
"""In ``data.yaml``: object or part for every class, which others pass over."""
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ufffe\uffff]")
BRIDGED = "masks whose holes or pieces are joined by bridges"


def write_yolo(scene: Scene, folder: Path, account: Account) -> None:
    """``data.yaml``, ``images/SPLIT`` and ``labels/SPLIT``; parts are classes called ``object:part``.

    Corners lie on the edges of pixels, so that polygons filled by the even-odd rule are the masks to the pixel. A
    split's folder holds no others: many readers would not look into them.
    """
    classes = {category: row["id"] - 1 for category, row in category_rows(scene.used, scene.objects).items()}
    stems = plain_stems(scene.heads)
    for frame in scene.frames():
        split = FOLDERS[split_of(frame)]
        copy_picture(scene, frame, folder / "images" / split / stems[frame.id])
        path = folder / "labels" / split / f"{stems[frame.id]}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(_lines(frame, classes, account)), encoding="ascii")
        account.keep(frame, frame.records)
    (folder / "data.yaml").write_text(_yaml(scene.heads, list(classes)), encoding="utf-8")


def _lines(frame: Frame, classes: dict[Category, int], account: Account) -> Iterator[str]:
    height, width = frame.ref.height, frame.ref.width
    for record in frame.records:
        ring, bridges = one_polygon(decode_rle(record.mask))
        account.lose(Counter({BRIDGED: int(bridges > 0)}))
        polygon = " ".join(f"{x / width:.8g} {y / height:.8g}" for x, y in ring)
        yield f"{classes[frame.categories[record.id]]} {polygon}\n"


def _yaml(heads: Sequence[Head], classes: Sequence[Category]) -> str:
    """Paths are relative to the file. The field's trainers refuse a file without ``val``, so it is never left out.

    ``KINDS`` tells objects from parts, whatever they are called.
    """
    there = {FOLDERS[split_of(head)] for head in heads}
    first = next(name for name in FOLDERS.values() if name in there)
    lines = [f"{name}: images/{name if name in there else first}" for name in ("train", "val")]
    lines += ["test: images/test"] if "test" in there else []
    listed = [f"  {number}: {_text(category.name)}" for number, category in enumerate(classes)]
    kinds = ", ".join(category.kind for category in classes)
    return "\n".join([*lines, "names:", *listed, f"{KINDS}: [{kinds}]"]) + "\n"


def _text(name: str) -> str:
    """As JSON, which is YAML up to characters that only the latter wants to have escaped."""
    plain = json.dumps(name, ensure_ascii=False)
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", plain)

"""Make the package `detectron2` out of the copy of its Python code that PixelLib carries, for tests.

    python tools/detectron2_of_pixellib.py PIXELLIB.whl FOLDER

detectron2 itself is not on PyPI. PixelLib 0.7.1 holds data, structures, modeling and evaluation, as they were between
versions 0.5 and 0.6, under another name, some files renamed and some imports left out, and its age shows with today's
Pillow and NumPy. All that is undone here; nothing else is changed.
"""

import re
import shutil
import sys
import zipfile
from pathlib import Path

COPY = "pixellib/torchbackend/instance/"
RENAMED = {
    "data/catalogdata.py": "data/catalog.py",
    "data/build_data.py": "data/build.py",
    "evaluation/testingeval.py": "evaluation/testing.py",
}
MENDED = {
    r"\r\n": "\n",
    r"pixellib\.torchbackend\.instance": "detectron2",
    r"\bcatalogdata\b": "catalog",
    r"\bbuild_data\b": "build",
    r"\btestingeval\b": "testing",
    r"(?m)^#(from detectron2\.data\.datasets\.coco import convert_to_coco_json)": r"\1",
    r"(?m)^#(from detectron2\.structures import BitMasks, .*RotatedBoxes)$": r"\1",
    r"(?m)^#from rotated_boxes import RotatedBoxes": "from .rotated_boxes import RotatedBoxes",
    r"(?m)^#from \.rotated_boxes import pairwise_iou": "from .rotated_boxes import pairwise_iou",
    r"Image\.LINEAR": "Image.BILINEAR",
    r"np\.int\b": "int",
}


def main(wheel: Path, folder: Path) -> None:
    """Write FOLDER/detectron2 anew."""
    shutil.rmtree(folder, ignore_errors=True)
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            inner = name.removeprefix(COPY)
            if inner != name and inner.endswith((".py", ".yaml")):
                path = folder / "detectron2" / RENAMED.get(inner, inner)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(_mended(archive.read(name).decode()), encoding="utf-8")
    (folder / "detectron2" / "__init__.py").write_text("")  # PixelLib's own program is there


def _mended(text: str) -> str:
    for pattern, instead in MENDED.items():
        text = re.sub(pattern, instead, text)
    return text


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

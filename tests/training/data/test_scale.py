"""A hundred thousand annotations: a small index made in one pass, images read one by one."""

import json
import subprocess
import sys
import time

import pytest

from semsam_annotate.training.data.readers import open_data

ANNOTATIONS, EACH = 100_000, 10
BYTES_AN_ANNOTATION = 40
"""Offset, length and a share of the image's own row."""

PEAK = """
import sys
from pathlib import Path
from semsam_annotate.training.data.readers import open_data

def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))

before = peak()
data = open_data(Path(sys.argv[1]), Path(sys.argv[2]))
print(peak() - before)
"""


def big(path, form):
    """``form`` coco: runs; lvis: polygons of 60 numbers, shuffled among the images, and absences."""
    images = ANNOTATIONS // EACH
    extra = {"neg_category_ids": [1, 2], "not_exhaustive_category_ids": [3]} if form == "lvis" else {}
    corners = [value for number in range(15) for value in (100.25 + number, 100.5)]
    corners += [value for number in reversed(range(15)) for value in (100.25 + number, 160.5)]
    runs = {"size": [480, 640], "counts": "_hl06n2MY9o1PESOV:c3H7I6I7K6J5K5K3M3M3N1N3M3M2O2M3N1N3N2M2O2M3N1O2K5" * 4}
    mask = json.dumps([corners] if form == "lvis" else runs)
    with path.open("w") as file:
        rows = [{"id": n, "file_name": f"{n}.jpg", "width": 640, "height": 480, **extra} for n in range(images)]
        categories = [{"id": n, "name": f"thing {n}"} for n in range(1200)]
        file.write(f'{{"images": {json.dumps(rows)}, "categories": {json.dumps(categories)}, "annotations": [')
        for n in range(ANNOTATIONS):
            owner, category = n * 7919 % images, n % 1200
            file.write(
                "," * (n > 0) + f'{{"id": {n + 1}, "image_id": {owner}, "category_id": {category}, "iscrowd": 0, '
            )
            file.write(f'"bbox": [100, 100, 15, 61], "segmentation": {mask}}}')
        file.write("]}")
    return path


@pytest.mark.parametrize("form", ["coco", "lvis"])
def test_a_hundred_thousand_annotations(tmp_path, form):
    path = big(tmp_path / "big.json", form)
    (tmp_path / "images").mkdir()
    started = time.process_time()
    data = open_data(path, tmp_path / "images")
    seconds = time.process_time() - started
    assert data.format == form
    assert len(data) == ANNOTATIONS // EACH
    assert data.index.nbytes < BYTES_AN_ANNOTATION * ANNOTATIONS
    assert data.problems == ()
    if form == "lvis":
        entry = data.entry(77)
        assert len(entry) == EACH
        assert len(entry.ids) == len(set(entry.ids)) == EACH
        assert {(id - 1) * 7919 % len(data) for id in entry.ids} == {77}
        assert entry.exhaustive >= {"thing 1", "thing 2"}
    if not sys.platform.startswith("linux"):
        return
    peak = int(subprocess.check_output([sys.executable, "-c", PEAK, str(path), str(tmp_path / "images")])) * 1024
    assert peak < 60 << 20, "the index is made in chunks, whatever the file's size"
    figures = (
        f"{path.stat().st_size >> 20} MiB, {seconds:.2f} s of CPU, {data.index.nbytes / ANNOTATIONS:.1f} bytes each"
    )
    print(f"\n{form}: {figures}, peak {peak / 2**20:.1f} MiB above the start")

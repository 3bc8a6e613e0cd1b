"""Folders are there whole or not at all, and no two images of one get the same file."""

import os
import subprocess
import sys

import pytest

from semsam_annotate.annotations.folders import new_folder
from semsam_annotate.api import BadInput

KILLED = """
import os, signal, sys
from pathlib import Path
from semsam_annotate.annotations.folders import new_folder
with new_folder(Path(sys.argv[1])) as folder:
    (folder / "first.txt").write_text("first")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_killed_writer_leaves_nothing_half_and_is_cleared_away(tmp_path):
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "out")], check=False)
    assert done.returncode == -9
    assert not (tmp_path / "out").exists()
    (left,) = tmp_path.iterdir()
    with new_folder(tmp_path / "out") as folder:
        (folder / "second.txt").write_text("second")
    assert left.exists()  # it may be that of another writer
    os.utime(left, (0, 0))
    with new_folder(tmp_path / "more"):
        pass
    assert left.exists()  # not of this name
    (tmp_path / "out" / "second.txt").unlink()
    with new_folder(tmp_path / "out") as folder:
        (folder / "third.txt").write_text("third")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["more", "out", "third.txt"]


def test_a_file_in_the_way_is_refused(tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(BadInput, match="there already"), new_folder(tmp_path / "out"):
        raise AssertionError("never reached")
    assert (tmp_path / "out").read_text() == "mine"


def test_images_of_one_stem_get_files_of_their_own(store, photo, propose, tmp_path):
    refs = [photo(number, name) for number, name in enumerate(["a.png", "a.bmp", "A.png", "b/a.png"])]
    for ref in refs:
        store.accept(ref, propose(), object="car")
    store.register(photo(9))
    store.accept(refs[0], propose(1), object="car", plane=(3,))
    for format in ("yolo", "datasets"):
        report = store.export(format, tmp_path / format, picture=lambda ref: tmp_path / "photos" / ref.path)
        assert report.images == 4
        assert report.not_carried["masks in planes of stacks"] == 1
        assert report.not_carried["images without a mask"] == 1
        copies = [path for path in (tmp_path / format).rglob("*") if path.suffix in (".png", ".bmp")]
        assert len({str(path.relative_to(tmp_path).with_suffix("")).lower() for path in copies}) == 4
        originals = {(tmp_path / "photos" / ref.path).read_bytes() for ref in refs}
        assert {path.read_bytes() for path in copies} == originals


def test_planes_of_stacks_are_left_out_where_nothing_says_which(store, image, propose, tmp_path):
    car = store.accept(image, propose(0), object="car")
    store.accept(image, propose(1), object="car", plane=(3,))
    store.accept(image, propose(2), part="wheel", part_of=car.id)
    for format in ("panoptic", "lvis", "pascal-part", "labels"):
        report = store.export(format, tmp_path / format)
        assert report.not_carried.get("masks in planes of stacks", 0) == int(format != "labels")
        assert report.images == 1 + (format == "labels")


def test_masks_without_names_are_counted_where_a_format_needs_one(store, image, propose, tmp_path):
    store.accept(image, propose(0))
    store.accept(image, propose(3), part="wheel")
    for format, count in (("panoptic", 2), ("lvis", 1), ("labels", 0)):
        report = store.export(format, tmp_path / format)
        assert report.not_carried.get("names (called unlabelled)", 0) == count

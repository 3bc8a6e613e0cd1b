"""Damaged and malicious data: named where it is, never followed, never worse than one line."""

import io
import json
import tarfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from semsam_annotate.api import BadInput
from semsam_annotate.training.data import problem
from semsam_annotate.training.data.check import check
from semsam_annotate.training.data.readers import open_data
from semsam_annotate.training.data.readers.pictures import find_picture, leaves
from semsam_annotate.training.data.segments import Unusable, box_segment, decode_segments, rectangle


@settings(max_examples=40)
@given(share=st.floats(0, 1, exclude_max=True))
def test_a_file_that_is_cut_off_is_named(layout, share):
    path = layout("coco")
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(BadInput, match=r"coco\.json"):
        open_data(path)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "7", '{"images": [' + "[" * 100_000, '{"images": [], }', '{"a": "\x01"}', '{"a": 1} x', "{'a': 1}"],
)
def test_what_is_not_json_is_named(tmp_path, text):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(BadInput, match=r"x\.json"):
        open_data(tmp_path / "x.json")


def spoil(index=0, **changes):
    return lambda content: content["annotations"][index].update(changes)


def spoil_image(**changes):
    return lambda content: content["images"][0].update(changes)


def again(content):
    content["annotations"].append(content["annotations"][0] | {"image_id": 3})


def lists(key):
    return lambda content: content[key].append(7)


@pytest.mark.parametrize(
    ("change", "kind", "left"),
    [
        (spoil(segmentation=[[1, 2, 3, 4]]), problem.SHORT_POLYGON, 1),
        (spoil(segmentation=[[1, 2, 3, float("nan"), 5, 6]]), problem.NO_MASK, 1),
        (spoil(segmentation=[[1, 2, 3, 1e300, 5, 6]]), problem.NO_MASK, 1),
        (spoil(segmentation=[[1, 2, "3", 4, 5, 6]]), problem.NO_MASK, 1),
        (spoil(segmentation="runs"), problem.NO_MASK, 1),
        (spoil(segmentation=None, bbox=[1, 2]), problem.NO_MASK, 1),
        (spoil(segmentation=None, bbox=[70, 2, 5, 5]), problem.EMPTY_MASK, 1),
        (spoil(segmentation={"size": [60, 40], "counts": [2400]}), problem.RLE_SIZE, 1),
        (spoil(segmentation={"size": [40, 60], "counts": [7]}), problem.RLE_DAMAGED, 1),
        (spoil(segmentation={"size": [40, 60], "counts": "o" * 999}), problem.RLE_DAMAGED, 1),
        (spoil(segmentation={"size": [40, 60], "counts": [-5, 2405]}), problem.RLE_DAMAGED, 1),
        (spoil(segmentation={"size": [40, 60], "counts": [2400]}), problem.EMPTY_MASK, 1),
        (spoil(bbox=[50, 30, 40, 40]), problem.BOX_OUTSIDE, 2),
        (spoil(category_id=77), problem.UNKNOWN_CATEGORY, 1),
        (spoil(category_id=[1]), problem.UNKNOWN_CATEGORY, 1),
        (spoil(part_of=2), problem.PARENT_CYCLE, 2),
        (spoil(part_of=1), problem.PARENT_CYCLE, 2),
        (spoil(1, part_of=99), problem.PARENT_MISSING, 2),
        (spoil(1, part_of={}), None, 2),
        (spoil(image_id=99), problem.UNKNOWN_IMAGE, 1),
        (again, problem.DUPLICATE_ID, 3),
        (lists("annotations"), problem.NOT_A_ROW, 2),
        (lists("images"), problem.NOT_A_ROW, 2),
        (lambda content: content["images"].append(content["images"][0]), problem.DUPLICATE_ID, 2),
        (lambda content: content["categories"].append(content["categories"][0]), problem.DUPLICATE_ID, 2),
        (spoil_image(width=61), problem.RLE_SIZE, 0),
        (spoil_image(width=0), problem.NO_SIZE, 0),
        (spoil_image(width=10**9, height=10**9), problem.NO_SIZE, 0),
        (spoil_image(width="60"), problem.NO_SIZE, 0),
        (spoil_image(file_name="b.jpg"), problem.MISSING_IMAGE, 2),
        (spoil_image(file_name="../../a.jpg"), problem.PATH_LEAVES, 2),
        (spoil_image(file_name="/etc/passwd"), problem.PATH_LEAVES, 2),
        (spoil_image(file_name="C:\\a.jpg"), problem.PATH_LEAVES, 2),
        (spoil_image(file_name="x" * 5000), problem.MISSING_IMAGE, 2),
        (spoil_image(file_name=None), problem.PATH_LEAVES, 2),
        (spoil_image(file_name="a\n\x1b[2Jb.jpg"), problem.MISSING_IMAGE, 2),
    ],
)
def test_every_fault_is_named_and_the_rest_is_kept(layout, change, kind, left):
    report = check(open_data(layout("coco", change)))
    assert report.masks.total() == left
    assert kind is None or kind in report.problems
    assert all(found.line().isprintable() for named in report.examples.values() for found in named)


def test_images_that_do_not_fit_are_found_by_their_headers(layout):
    path = layout("coco")
    photo = path.parent.parent / "a.jpg"
    for make, kind in (
        (lambda: Image.new("RGB", (9, 9)).save(photo), problem.IMAGE_SIZE),
        (lambda: photo.write_bytes(b"no image"), problem.UNREADABLE_IMAGE),
    ):
        make()
        data = open_data(path)
        assert list(check(data).problems) == [kind]
        with pytest.raises(BadInput, match=r"a\.jpg"):
            data.entry(0).load()


@given(name=st.text(max_size=12))
def test_no_name_leads_out_of_the_folder(tmp_path, name):
    folder = tmp_path / "images"
    folder.mkdir(exist_ok=True)
    path, problems = find_picture(folder, [name], "x")
    assert path.is_relative_to(folder)
    assert ".." not in path.parts
    assert problems
    assert leaves(f"../{name}")


@given(edges=st.tuples(*[st.floats(-20, 80)] * 4))
def test_boxes_fill_what_lies_in_the_image(edges):
    x, y, across, down = edges
    wanted = np.zeros((40, 60), bool)
    x0, y0, x1, y1 = (max(round(edge), 0) for edge in (x, y, x + across, y + down))
    wanted[y0:y1, x0:x1] = True
    try:
        segment, _ = box_segment([x, y, across, down], 40, 60)
    except Unusable:
        assert not wanted.any()
        return
    np.testing.assert_array_equal(decode_segments([segment], 40, 60)[0], wanted)


def test_a_rectangle_may_be_the_image():
    assert decode_segments([rectangle(0, 0, 5, 3, 3, 5)], 3, 5).all()


def test_damaged_matlab_files_tars_and_shapes_are_named(layout, tmp_path):
    folder = layout("pascal_mat")
    mat = folder / "2008_000002.mat"
    whole = mat.read_bytes()
    for data in (b"", whole[:200], whole[: len(whole) // 2], b"\x80\x04\x95pickle", whole[:140] + b"\xff" * 300):
        mat.write_bytes(data)
        assert list(check(open_data(folder)).problems) == [problem.NOT_A_ROW]
    tar = layout("sa1b_tar")
    tar.write_bytes(tar.read_bytes()[:700])
    with pytest.raises(BadInput, match="tar"):
        open_data(tar)
    labelme = layout("labelme") / "a.json"
    content = json.loads(labelme.read_text())
    for shape in (7, {"label": 3}, {"label": "x"}, {"label": "x", "points": [[0, 0], [1, 1]], "shape_type": "mask"}):
        labelme.write_text(json.dumps(content | {"shapes": [shape]}))
        report = check(open_data(labelme))
        assert (report.masks.total(), report.problems.total()) == (0, 1)
    labelme.write_text(json.dumps(content | {"imagePath": "../../secret.jpg"}))
    assert problem.PATH_LEAVES in check(open_data(labelme)).problems


def test_a_tar_gives_nothing_but_its_own_members(tmp_path):
    """Links, odd names and JSON without an image: read by place, nothing is unpacked."""
    text = (
        b'{"image": {"width": 4, "height": 3, "file_name": "../x.jpg"}, "annotations": [{"id": 1, "segmentation": 3}]}'
    )
    with tarfile.open(tmp_path / "sa.tar", "w") as tar:
        for name in ("../../out.json", "/abs.json"):
            member = tarfile.TarInfo(name)
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text))
    report = check(open_data(tmp_path / "sa.tar"))
    assert report.images == 2
    assert report.problems == {problem.MISSING_IMAGE: 2, problem.NO_MASK: 2}
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["sa.tar"]


def test_panoptic_maps_that_do_not_fit_teach_nothing(layout):
    path = layout("panoptic")
    png = path.parent / "panoptic_val2017" / "a.png"
    for make in (
        png.unlink,
        lambda: png.write_bytes(b"x"),
        lambda: Image.new("RGB", (3, 3)).save(png),
    ):
        make()
        (entry,) = open_data(path)
        assert len(entry) == len(entry.exhaustive) == 0
        assert len(entry.problems) == 1
    Image.new("RGB", (60, 40), (5, 0, 0)).save(png)
    (entry,) = open_data(path)
    assert {found.kind for found in entry.problems} == {problem.EMPTY_MASK, problem.NOT_A_ROW}

"""An export writes into its own folder only, and over nothing that is not its own."""

import io

import numpy as np
import pytest
from PIL import Image

from semsam_annotate.annotations.record import Annotation, ImageRef
from semsam_annotate.api import BadInput, Vocabulary, encode_rle
from semsam_annotate.backend.label_studio.admin.export import with_images, write_records
from semsam_annotate.backend.label_studio.admin.exported import Exported, checked_tasks, read_tasks
from semsam_annotate.backend.label_studio.config import parse_config

CONFIG = parse_config('<View><Image name="image" value="$image"/><PolygonLabels name="p" toName="image"/></View>')
SHAPE = (6, 8)


def photo(colour=(9, 9, 9)):
    buffer = io.BytesIO()
    Image.new("RGB", SHAPE[::-1], colour).save(buffer, "PNG")
    return buffer.getvalue()


def task(id, address):
    value = {"points": [[10, 10], [90, 10], [90, 90]], "polygonlabels": ["car"]}
    region = {"id": "r", "from_name": "p", "to_name": "image", "type": "polygonlabels", "value": value}
    region |= {"original_height": SHAPE[0], "original_width": SHAPE[1]}
    return {"id": id, "data": {"image": address}, "annotations": [{"id": 1, "result": [region]}]}


def found_of(path):
    """What was read, had a name that leads elsewhere come so far."""
    mask = encode_rle(np.ones(SHAPE, bool))
    record = Annotation(id="a", image=ImageRef("d", path, *SHAPE), mask=mask, kind="object", time="2026-01-01")
    return Exported([record], {"d": "/data/upload/1/a.png"}, 0, 0)


@pytest.mark.parametrize("id", ["/../../x", "3", 1.5, True, {"a": 1}])
def test_the_id_of_a_task_is_a_number(id):
    with pytest.raises(BadInput, match="whole number"):
        checked_tasks([task(id, "data:image/png;base64,AAAA")])


@pytest.mark.parametrize("path", ["../x.png", "a/../../x.png", "/x.png"])
def test_nothing_is_written_outside(path, tmp_path):
    found = found_of(path)
    with pytest.raises(BadInput, match="leads out"):
        with_images(found, tmp_path / "out", lambda address: photo())
    with pytest.raises(BadInput, match="leads out"):
        write_records("masks", tmp_path / "out", found.records, Vocabulary())
    assert not any(path.is_file() for path in tmp_path.rglob("*"))


def test_another_file_of_the_same_name_stays(tmp_path):
    found = read_tasks([task(3, "/data/upload/1/a.png")], CONFIG)
    for _ in range(2):  # the same again is no other file
        with_images(found, tmp_path, lambda address: photo())
    (tmp_path / "a.png").write_text("mine")
    with pytest.raises(BadInput, match=r"a\.png is another file"):
        with_images(found, tmp_path, lambda address: photo())
    assert (tmp_path / "a.png").read_text() == "mine"


def test_every_image_has_a_name_of_its_own():
    addresses = [f"s3://{place}/a.png" for place in ("one", "two", "three")]
    found = read_tasks([task(None, address) for address in addresses], CONFIG)
    paths = [record.image.path for record in found.records]
    assert len(set(paths)) == 3
    assert paths[:2] == ["a.png", "task-None/a.png"]


@pytest.mark.parametrize("address", ["/data/upload/1/\ud800.png", "http://[a/x.png"])
def test_what_is_no_address_is_one_line(address):
    with pytest.raises(BadInput, match=r"task 3, annotation 1: .* is no address") as failed:
        read_tasks([task(3, address)], CONFIG)
    assert "\n" not in str(failed.value)

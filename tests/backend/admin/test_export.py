"""What was annotated in Label Studio comes out whole, and goes back bit for bit."""

import base64
import io
import json
import uuid

import numpy as np
import pytest
from PIL import Image

from semsam_annotate.annotations import ObjectClass, PartClass, Project, ProjectConfig
from semsam_annotate.annotations.hierarchy import parents_first
from semsam_annotate.api import BadInput, Proposal, Vocabulary, decode_rle
from semsam_annotate.backend.label_studio.admin.export import with_images, write_records
from semsam_annotate.backend.label_studio.admin.exported import checked_tasks, config_of, read_tasks
from semsam_annotate.backend.label_studio.admin.labelling import labelling_config
from semsam_annotate.backend.label_studio.admin.sources import from_file
from semsam_annotate.backend.label_studio.config import parse_config
from semsam_annotate.backend.label_studio.connections import Connection
from semsam_annotate.backend.label_studio.image_address import of_task, resolve
from semsam_annotate.backend.label_studio.regions import Candidate, prediction

CAR = ProjectConfig(
    objects=(ObjectClass("car"), ObjectClass("dog")),
    parts=(PartClass("wheel", objects=("car",)), PartClass("hub", objects=("car",)), PartClass("tail")),
)
CONFIG = parse_config(labelling_config(CAR))
HEIGHT, WIDTH = 60, 80


def photo():
    buffer = io.BytesIO()
    Image.fromarray(np.arange(HEIGHT * WIDTH * 3, dtype=np.uint8).reshape(HEIGHT, WIDTH, 3)).save(buffer, "PNG")
    return buffer.getvalue()


def masks():
    """One with a hole, one in pieces, one inside it, one of single pixels."""
    ring, pieces, inner, dust = np.zeros((4, HEIGHT, WIDTH), bool)
    ring[5:50, 5:60] = True
    ring[20:30, 20:40] = False
    pieces[6:10, 6:10] = pieces[40:48, 50:58] = True
    inner[7:9, 7:9] = True
    dust[::7, 70::3] = True
    return ring, pieces, inner, dust


def proposal(mask, level, score, object=None, part=None):
    objects, parts = [(object, 1.0)] if object else [], [(part, 1.0)] if part else []
    return Proposal(
        id=str(uuid.uuid4()), model="m", score=score, stability=1, level=level, box=(0, 0, 1, 1), mask=mask,
        part_probability=float(part is not None), object_labels=objects, part_labels=parts,
    )  # fmt: skip


def candidates():
    ring, pieces, inner, dust = masks()
    return [
        Candidate(proposal(ring, 1, 0.9312, "car"), "car-1", None),
        Candidate(proposal(pieces, 4, 0.5, "car", "wheel"), "wheel-1", "car-1"),
        Candidate(proposal(inner, 6, 0.0001, "car", "hub"), "hub-1", "wheel-1"),
        Candidate(proposal(dust, 3, 1.0, "dog"), "dog-1", None),
    ]


def annotation(result, id=7, **more):
    return {"id": id, "result": result, "was_cancelled": False, "completed_by": 1, "lead_time": 8.0} | more


def task(*annotations, id=3, address="/data/upload/1/9e0c-a.png"):
    return {"id": id, "project": 1, "data": {"image": address}, "annotations": list(annotations)}


def result():
    return prediction(candidates(), CONFIG, "v1")["result"]


def back(records):
    """Records as Label Studio regions, ids as they came from there."""
    ids = {record.id: record.source.external_id.split("/")[1] for record in records}
    by_id = {record.id: record for record in records}
    ordered = parents_first({record.id: record.part_of for record in records})
    made = [
        Candidate(
            proposal(decode_rle(r.mask), r.level, r.score, r.object, r.part), ids[r.id], ids.get(r.part_of)
        )
        for r in map(by_id.get, ordered)
    ]  # fmt: skip
    return prediction(made, CONFIG, "v1")["result"]


def by_id(regions):
    return sorted(regions, key=lambda item: (item["id"], item["from_name"]))


def without_notes(regions):
    """The note also says what the model guessed, which nobody accepted."""
    return by_id([{key: value for key, value in item.items() if key != "meta"} for item in regions])


@pytest.mark.parametrize("format", ["coco", "parts"])
def test_there_and_back_again(format, tmp_path):
    """Label Studio's JSON, our file, a project that imports it, Label Studio's regions: the same."""
    sent = result()
    found = read_tasks([task(annotation(sent))], CONFIG)
    assert len(found.records) == 4
    records = with_images(found, tmp_path / "images", lambda address: photo())
    write_records(format, tmp_path / "out.json", records, CONFIG.vocabulary(), seen=True)
    with Project.create(tmp_path / "project") as project:
        project.import_file(format, tmp_path / "out.json", tmp_path / "images")
        returned = project.store.annotations()
    assert {record.author for record in returned} == {"label-studio user 1"}
    assert {record.seconds for record in returned} == {2.0}
    assert without_notes(back(returned)) == without_notes(sent)


def test_masks_that_a_browser_drew_come_back_bit_for_bit(body_of):
    body = body_of("webhook_annotation_created_ui")
    config = parse_config(body["project"]["label_config"], Vocabulary())
    exported = [{**body["task"], "annotations": [body["annotation"]]}]
    records = read_tasks(exported, config).records
    drawn = [item for item in body["annotation"]["result"] if item["type"] == "brushlabels"]
    assert drawn
    again = prediction(
        [Candidate(proposal(decode_rle(r.mask), r.level or 1, r.score or 0.0), r.id, None) for r in records],
        config,
        "v",
    )["result"]
    assert [item["value"]["rle"] for item in again if item["type"] == "brushlabels"] == [
        item["value"]["rle"] for item in drawn
    ]


def test_a_folder_of_masks(tmp_path):
    records = read_tasks([task(annotation(result()))], CONFIG).records
    report = write_records("masks", tmp_path / "out", records, CONFIG.vocabulary())
    assert (report.images, report.objects, report.parts) == (1, 2, 2)
    rows = json.loads((tmp_path / "out" / "masks.json").read_text())["masks"]
    assert [row["file"] for row in rows] == [
        "9e0c-a/001_car.png", "9e0c-a/002_car_wheel.png", "9e0c-a/003_car_hub.png", "9e0c-a/004_dog.png",
    ]  # fmt: skip
    for row, mask in zip(rows, masks(), strict=True):
        assert (np.asarray(Image.open(tmp_path / "out" / row["file"])) == mask * 255).all()
    assert [row["level"] for row in rows] == [1, 4, 6, 3]
    assert [row["score"] for row in rows] == [0.9312, 0.5, 0.0001, 1.0]
    ids = [row["id"] for row in rows]
    assert [row["part_of"] for row in rows] == [None, ids[0], ids[1], None]
    write_records("masks", tmp_path / "out", records, CONFIG.vocabulary())
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine.txt").touch()
    with pytest.raises(BadInput, match="other files"):
        write_records("masks", tmp_path / "other", records, CONFIG.vocabulary())


def test_the_same_export_twice_is_the_same_file(tmp_path):
    for name in ("a.json", "b.json"):
        found = read_tasks([task(annotation(result()))], CONFIG)
        write_records("coco", tmp_path / name, found.records, CONFIG.vocabulary())
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    images = json.loads((tmp_path / "a.json").read_text())["images"]
    assert [(row["file_name"], row["semsam"]["sha256"]) for row in images] == [("9e0c-a.png", None)]


def test_which_annotation_of_a_task_counts():
    old = annotation(result(), 1, updated_at="2026-01-01T00:00:00Z")
    new = annotation(result()[:1], 2, updated_at="2026-01-02T00:00:00Z")
    skipped = annotation(result(), 3, was_cancelled=True)
    empty = annotation([], 4)

    def taken(*items, every=False):
        found = read_tasks([task(*items)], CONFIG, every)
        return {record.source.external_id.split("/")[0] for record in found.records}, found.skipped, found.older

    assert taken(old, new, skipped, empty) == ({"2"}, 2, 1)
    assert taken({**old, "ground_truth": True}, new) == ({"1"}, 0, 1)
    assert taken(old, new, every=True) == ({"1", "2"}, 0, 0)


def test_without_a_config_the_labels_speak(tmp_path):
    exported = [task(annotation(result()))]
    config = config_of(exported, Vocabulary(["car"], ["tail"]))
    assert config.image_key == "image"
    assert [label.value for label in config.brush().labels] == ["car", "car:wheel", "car:hub", "dog"]
    said = [(r.object, r.part, r.level, r.score) for r in read_tasks(exported, config).records]
    assert said == [(r.object, r.part, r.level, r.score) for r in read_tasks(exported, CONFIG).records]
    (tmp_path / "export.json").write_text(json.dumps(exported))
    assert len(read_tasks(from_file(tmp_path / "export.json", None, Vocabulary()).tasks, config).records) == 4


def test_images_of_one_name_stay_apart():
    addresses = ["s3://one/a/x.png", "s3://two/a/x.png", "s3://one/a/x.png"]
    found = read_tasks([task(annotation(result(), n), id=n, address=a) for n, a in enumerate(addresses)], CONFIG)
    assert sorted({record.image.path for record in found.records}) == ["a/x.png", "task-1/a/x.png"]
    fetched = {of_task(addresses[n], n) for n in (0, 1)}  # by way of Label Studio, which has the keys
    assert set(found.addresses.values()) == fetched
    assert all(resolve(address, Connection("http://studio")).signs for address in fetched)


def damaged(**value):
    bad = result()[0]
    return [bad | {"value": bad["value"] | value}]


@pytest.mark.parametrize(
    ("tasks", "said"),
    [
        ({"a": 1}, "JSON export"),
        ([{"image": "x", "brush": []}], "JSON-MIN"),
        ([task(annotation(damaged(rle=[1, 2])))], "task 3, annotation 7: "),
        ([task(annotation([result()[0] | {"original_width": 81}]))], "task 3"),
        ([task(annotation([result()[0] | {"original_width": 10**9}]))], "task 3"),
        ([task(annotation(result()), address="")], 'under "image"'),
        ([task(annotation([result()[0] | {"original_width": "80"}]))], "task 3"),
    ],
)
def test_damaged_exports_are_one_line(tasks, said):
    with pytest.raises(BadInput, match=said) as failed:
        read_tasks(checked_tasks(tasks), CONFIG)
    assert "\n" not in str(failed.value)


def test_nothing_is_written_of_nothing(tmp_path):
    for format, records in (("coco", []), ("odd", read_tasks([task(annotation(result()))], CONFIG).records)):
        with pytest.raises(BadInput):
            write_records(format, tmp_path / "x", records, Vocabulary())
    assert list(tmp_path.iterdir()) == []


def test_an_image_that_is_another_is_refused(tmp_path):
    found = read_tasks([task(annotation(result()))], CONFIG)
    small = io.BytesIO()
    Image.new("RGB", (8, 6)).save(small, "PNG")
    with pytest.raises(BadInput, match="8x6"):
        with_images(found, tmp_path, lambda address: small.getvalue())


def test_the_command(tmp_path, semsam):
    address = "data:image/png;base64," + base64.b64encode(photo()).decode()
    (tmp_path / "ls.json").write_text(json.dumps([task(annotation(result()), address=address)]))
    arguments = ("labelstudio", "export", "--in", tmp_path / "ls.json", "--out")
    code, out, _ = semsam(*arguments, tmp_path / "out.json", "--images", tmp_path / "images")
    assert (code, out.split(": ")[1]) == (0, "1 images, 2 objects, 2 parts\n")
    assert [path.name for path in (tmp_path / "images").iterdir()] == ["task-3.png"]
    assert semsam(*arguments, tmp_path / "masks", "--format", "masks", "--json")[0] == 0
    for wrong in ((), ("--in", tmp_path / "gone.json"), ("--url", "http://127.0.0.1:9", "--token-env", "NONE")):
        code, _, err = semsam("labelstudio", "export", "--out", tmp_path / "x.json", *wrong)
        assert (code, err.count("\n")) == (2, 1)

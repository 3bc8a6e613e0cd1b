"""Tasks for Label Studio: what is written comes back through the reader of its exports."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from PIL import Image
from typer.testing import CliRunner

from semsam_annotate.annotations import ImageRef, Project
from semsam_annotate.annotations.hierarchy import object_of
from semsam_annotate.api import decode_rle
from semsam_annotate.backend.label_studio.admin.exported import read_tasks
from semsam_annotate.backend.label_studio.admin.labelling import labelling_config
from semsam_annotate.backend.label_studio.admin.tasks import tasks_format
from semsam_annotate.backend.label_studio.config import parse_config
from semsam_annotate.cli.app import build
from semsam_annotate.cli.importing import read_any

OBJECTS, PARTS = ["car", "Monitor/TV", "größe"], {"wheel": ["car", "Monitor/TV", "größe"]}
MASK = st.tuples(
    st.integers(1, 2**20 - 1), st.sampled_from([None, *OBJECTS]), st.booleans(), st.booleans(), st.integers(1, 6)
)


@pytest.fixture
def projects(tmp_path_factory):
    """Projects of one photo with a scene of (bits, object, is a part, hangs below the last one, level) entries."""

    def make(scene):
        folder = tmp_path_factory.mktemp("tasks")
        pixels = np.random.default_rng(0).integers(0, 256, (4, 5, 3), np.uint8)
        Image.fromarray(pixels).save(folder / "a b.png")
        last = None
        with Project.create(folder / "p", objects=OBJECTS, parts=PARTS, images=[folder / "a b.png"]) as project:
            ref = ImageRef.of(folder / "a b.png", pixels, folder)
            for bits, object, is_part, below, level in scene:
                mask = np.array([bits >> place & 1 for place in range(20)], bool).reshape(4, 5)
                named = {"object": object or "car", "part": "wheel"} if is_part else {"object": object}
                above, kind = last if below and is_part else None, "part" if is_part else "object"
                made = project.store.accept(ref, mask=mask, kind=kind, level=level, part_of=above, **named)
                last = made.id
        return folder / "p"

    return make


def told(record, ids):
    parent = ids[record.part_of] if record.part_of else None
    return record.kind, record.object, record.part, record.level, decode_rle(record.mask).tobytes(), parent


@hypothesis_settings(max_examples=6)
@given(scene=st.lists(MASK, min_size=1, max_size=6))
def test_masks_names_levels_and_parents_come_back(scene, projects):
    folder = projects(scene)
    with Project.open(folder) as project:
        report = project.export(tasks_format(), folder / "tasks.json")
        by_id = {record.id: record for record in project.store.annotations()}
        owners = {id: object_of(record, by_id) or record for id, record in by_id.items()}
        before = [record.with_(object=owners[id].object or record.object) for id, record in by_id.items()]
        config = parse_config(labelling_config(project.config), project.vocabulary())
    after = read_tasks(json.loads((folder / "tasks.json").read_text(encoding="utf-8")), config).records
    pixels = [{record.id: decode_rle(record.mask).tobytes() for record in records} for records in (before, after)]
    found = [
        sorted((told(record, ids) for record in records), key=repr)
        for records, ids in zip((before, after), pixels, strict=True)
    ]
    assert found[0] == found[1]
    assert report.not_carried == {}
    assert {record.image.path for record in after} == {"a b.png"}


def test_the_command_writes_tasks_with_the_addresses_asked_for(projects):
    folder = projects([(7, "car", False, False, 2)])
    out = folder / "tasks.json"
    words = ["export", "--format", "label-studio", "--project", str(folder), "--out", str(out), "--json"]
    done = CliRunner().invoke(build(), [*words, "--image-url", "https://host/photos/"])
    assert (done.exit_code, json.loads(done.stdout)["not_carried"]) == (0, {})
    (task,) = json.loads(out.read_text(encoding="utf-8"))
    assert task["data"]["image"] == "https://host/photos/a%20b.png"


def test_an_unknown_format_is_told_all_there_are(tmp_path):
    Project.create(tmp_path / "project").close()
    asked = ["export", "--format", "nonsense", "--project", str(tmp_path / "project"), "--out", str(tmp_path / "out")]
    answer = CliRunner().invoke(build(), asked)
    assert "label-studio" in str(answer.exception)
    assert "coco" in str(answer.exception)
    assert not (tmp_path / "out").exists()


def test_a_file_without_its_config_says_what_its_labels_are(tmp_path):
    """Names that say nothing, slashes, and parts of an object without a name; objects below others are counted."""
    Image.new("RGB", (9, 9)).save(tmp_path / "a.png")
    with Project.create(tmp_path / "p", images=[tmp_path / "a.png"]) as project:
        ref = project.ref(tmp_path / "a.png", np.zeros((9, 9, 3), np.uint8))
        masks = [np.arange(81).reshape(9, 9) % 9 == number for number in range(8)]
        above = project.store.accept(ref, mask=masks[0])
        for mask, name in zip(masks[1:6], ("object", "Parts", "a/b", "car", "Wheel"), strict=True):
            project.store.accept(
                ref, mask=mask, kind="object", object=name, part_of=above.id if name == "car" else None
            )
        project.store.accept(ref, mask=masks[6], part="wheel", part_of=above.id)
        project.store.accept(ref, mask=masks[7], part="Object", part_of=above.id)
        report = project.export(tasks_format(), tmp_path / "tasks.json")
        before = [(one.kind, one.object, one.part) for one in project.store.annotations()]
    assert report.not_carried == {"parents": 1}
    with Project.create(tmp_path / "new") as new:
        new.take_in(read_any("auto", tmp_path / "tasks.json", tmp_path, new.folder))
        after = [(one.kind, one.object, one.part) for one in new.store.annotations()]
    assert sorted(after, key=repr) == sorted(before, key=repr)

"""From the first click to a newly trained model, through Label Studio's own pages."""

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from semsam_annotate.api import decode_rle
from semsam_annotate.backend.label_studio.brush_rle import decode_brush

pytestmark = [pytest.mark.stress, pytest.mark.e2e]
FACE, BESIDE = (0.5, 0.2), ((0.06, 0.6), (0.9, 0.3), (0.7, 0.1))
"""Places in the photo of the astronaut."""
TRAINING_SECONDS = 3600


@pytest.fixture(scope="module")
def ladder(person, house):
    """The masks that a click on the face suggested, largest first, with the screens before and after it."""
    person.open_task(house.project, house.tasks["astronaut"])
    person.take_smart_point("person")
    before = person.shot("label-chosen")
    suggested = person.click(*FACE)
    return [item for item in suggested if item["type"] == "brushlabels"], before, person.shot("suggestions")


@pytest.fixture(scope="module")
def accepted(person, house, ladder):
    """The suggestions that were accepted, an object and its part, and what came into the store."""
    masks = {item["id"]: item for item in ladder[0]}
    parents = {id: masks[id].get("parentID") for id in masks}
    part = next(item for id, item in masks.items() if parents[id] and parents[parents[id]] is None)
    both = [masks[part["parentID"]], part]
    person.zoom_out()
    person.shot("zoomed-out")
    for item in both:
        person.accept(item["id"])
    person.shot("accepted")
    person.reject_rest()
    person.submit()
    person.shot("submitted")
    records = house.wait(lambda: found if len(found := house.accepted()) == 2 else None, 60)
    return both, sorted(records, key=lambda record: record.kind)


def test_the_ladder_lies_over_the_photo(ladder, person):
    masks, before, after = ladder
    assert 2 <= len(masks) <= 6
    assert {item["value"]["brushlabels"][0] for item in masks} == {"person", "person:face"}
    box = person.photo.bounding_box()
    crop = (box["x"], box["y"], box["x"] + box["width"], box["y"] + box["height"])
    bare, covered = (np.asarray(Image.open(path).convert("RGB").crop(crop), int) for path in (before, after))
    changed = np.abs(covered - bare).max(axis=2) > 30
    assert changed.mean() > 0.1


def test_object_and_part_are_stored(accepted):
    suggested, (whole, part) = accepted
    assert (whole.kind, whole.object, whole.part, whole.part_of) == ("object", "person", None, None)
    assert (part.kind, part.object, part.part, part.part_of) == ("part", "person", "face", whole.id)
    for item, record in zip(suggested, (whole, part), strict=True):
        mask = decode_brush(item["value"]["rle"], item["original_height"], item["original_width"])
        assert (decode_rle(record.mask) == mask).all()
        assert item["meta"]["text"][0].startswith(f"level {record.level} · ")
        assert record.score == pytest.approx(item["score"], abs=1e-4)
        assert record.clicks == 1
        assert record.ladder is not None


def test_further_clicks_reuse_the_embedding(person, house, accepted):
    """Beside this photo the next task's has been encoded by now, which nobody has opened."""
    before = house.wait(lambda: now if (now := house.status()["engine"])["images_encoded"] == 2 else None, 60)
    for place in BESIDE:
        person.take_smart_point("person")
        assert person.click(*place)
        person.shot("further-click")
        person.reject_rest()
    after = house.status()["engine"]
    assert after["images_encoded"] == before["images_encoded"]
    assert after["embeddings_reused"] >= before["embeddings_reused"] + len(BESIDE)
    assert after["embedding_bytes"] == before["embedding_bytes"] > 0


def test_the_project_is_prelabelled(person, house, accepted):
    version = house.model_version()
    person.retrieve_predictions(house.project)
    house.wait(lambda: house.predicted(version) == set(house.tasks.values()), 600)
    person.shot("retrieved")
    for photo in ("coffee", "chelsea"):
        known = len(house.accepted())
        person.open_task(house.project, house.tasks[photo])
        person.shot(f"prelabels-{photo}")
        person.submit()
        house.wait(lambda known=known: len(house.accepted()) > known and house.status()["webhooks"]["pending"] == 0, 60)


def test_training_ends_with_a_verdict_and_a_new_model_serves(person, house):
    before = house.model_version()
    person.start_training(house.project)
    house.wait(lambda: house.status()["training"]["state"] == "running", 60)
    house.wait(lambda: house.status()["training"]["state"] != "running", TRAINING_SECONDS)
    training = house.status()["training"]
    assert training["last"]["ended"] == "finished", training
    verdict = training["verdict"]
    show_status(person, house)
    assert verdict["reasons"]
    assert verdict["promoted"] == verdict["promote"]
    assert verdict["version"] != before
    if not verdict["promoted"]:
        assert house.model_version() == before
        promote(house, verdict["version"])
    house.wait(lambda: house.model_version() == verdict["version"], 60)
    person.retrieve_predictions(house.project)
    house.wait(lambda: house.predicted(verdict["version"]) == set(house.tasks.values()), 600)
    person.open_task(house.project, house.tasks["astronaut"])
    person.shot("new-predictions")
    assert house.server.get("/health").is_success


def promote(house, version):
    """As a person may, whatever the gate says; the server that runs takes it."""
    command = [sys.executable, "-m", "semsam_annotate.cli", "models", "promote", version]
    done = subprocess.run([*command, "--project", str(house.folder)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


def show_status(person, house):
    """The administrator's page."""
    page = person.page.context.browser.new_page(
        extra_http_headers={"Authorization": house.server.headers["Authorization"]}
    )
    page.goto(f"{house.server.base_url}/status.html")
    page.screenshot(path=person.folder / "status-page.png")
    page.close()

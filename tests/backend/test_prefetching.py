"""While somebody works on a task, the image of the next one is encoded, and nobody waits for that."""

import threading
import time

import pytest
from fastapi.testclient import TestClient

from semsam_annotate.backend.app import create_app
from semsam_annotate.backend.auth import Credentials
from semsam_annotate.backend.settings import ServerSettings

IMAGES = ("/data/upload/1/9e0c9dd7-img_a.jpg", "/data/upload/1/c3202297-img_b.png", "/data/local-files/?d=a/b.png")


def wait(condition, seconds=30):
    until = time.monotonic() + seconds
    while not condition() and time.monotonic() < until:
        time.sleep(0.02)
    assert condition()


@pytest.fixture
def tasks(studio_api):
    return [studio_api.add_task(image) for image in IMAGES]


@pytest.fixture
def click(body_of):
    """Clicks in a task: seconds until the masks came."""

    def send(client, task):
        begin = time.monotonic()
        answer = client.post("/predict", json={**body_of("predict_interactive_rectangle"), "tasks": [task]})
        assert answer.json()["results"][0]["result"], answer.text
        return time.monotonic() - begin

    return send


def lists(api):
    return [path for _, path in api.asked if path.startswith("/api/tasks?")]


def test_the_first_click_in_the_next_task_encodes_nothing(label_studio, studio_api, tasks, click, region_engine):
    for _ in range(3):
        click(label_studio, tasks[0])
    wait(lambda: region_engine.encodings == 2)
    click(label_studio, tasks[0])
    assert len(lists(studio_api)) == 1
    click(label_studio, tasks[1])
    assert {image.shape[:2] for image in region_engine.images.values()} >= {(600, 800), (480, 640)}
    wait(lambda: region_engine.encodings == 3)
    before = region_engine.encodings
    click(label_studio, tasks[1])
    click(label_studio, tasks[2])
    assert region_engine.encodings == before == len(tasks)
    wait(lambda: len(lists(studio_api)) == 3)
    assert region_engine.encodings == len(tasks), "there is none behind the last"


def test_tasks_with_an_annotation_are_passed_over(label_studio, studio_api, tasks, click, region_engine):
    done = {"id": 7, "task": 2, "was_cancelled": False, "updated_at": "2026-11-21T00:00:00Z"}
    studio_api.annotate(done, tasks[1]["data"], "")
    click(label_studio, tasks[0])
    wait(lambda: region_engine.encodings == 2)
    assert {image.shape[:2] for image in region_engine.images.values()} == {(600, 800), (48, 64)}


def test_a_project_that_opens_the_most_useful_first_gets_that_image(
    label_studio, studio_api, tasks, click, region_engine
):
    studio_api.project["sampling"] = "Uncertainty sampling"
    for task, score in ((1, 0.1), (2, 0.9), (3, 0.2)):
        row = {"task": task, "project": 1, "result": [{}], "score": score, "model_version": "regions-1"}
        studio_api.predictions.append(row)
    click(label_studio, tasks[1])
    wait(lambda: sizes(region_engine) == {(480, 640), (600, 800)})
    click(label_studio, tasks[0])
    wait(lambda: (48, 64) in sizes(region_engine))
    assert region_engine.encodings == 3


def sizes(region_engine):
    """Of the images that were encoded."""
    return {image.shape[:2] for image in list(region_engine.images.values())}


def test_an_opened_task_counts_and_a_batch_does_not(label_studio, studio_api, tasks, body_of, region_engine):
    body = body_of("predict_batch3_several_predictions")
    label_studio.post("/predict", json={**body, "tasks": tasks[:2]}).raise_for_status()
    time.sleep(0.3)
    assert not lists(studio_api)
    label_studio.post("/predict", json={**body, "tasks": tasks[1:2]}).raise_for_status()
    wait(lambda: region_engine.encodings == 3)


def test_a_click_does_not_wait_for_the_next_image(label_studio, tasks, click, region_engine):
    encode, begun = region_engine.encode, threading.Event()

    def long(image, cancel=None):
        if cancel is not None and image.shape[:2] == (480, 640) and not begun.is_set():
            begun.set()
            for _ in range(1000):
                cancel.check()
                time.sleep(0.01)
        return encode(image, cancel)

    region_engine.encode = long
    click(label_studio, tasks[0])
    assert begun.wait(20)
    assert click(label_studio, tasks[0]) < 3
    wait(lambda: region_engine.encodings == 2)


def test_the_next_image_leaves_the_one_that_is_worked_on(label_studio, tasks, click, region_engine, monkeypatch):
    worker = label_studio.app.state.services.worker
    monkeypatch.setattr(type(worker), "has_room", property(lambda _: False))
    click(label_studio, tasks[0])
    time.sleep(0.3)
    assert region_engine.encodings == 1


@pytest.mark.parametrize("image", ["http://192.0.2.1/a.png", "/data/upload/1/missing.png", "", 7])
def test_a_next_task_without_an_image_disturbs_nobody(label_studio, studio_api, tasks, click, region_engine, image):
    studio_api.tasks[2]["data"] = {"image": image}
    click(label_studio, tasks[0])
    wait(lambda: lists(studio_api))
    click(label_studio, tasks[0])
    click(label_studio, tasks[2])
    assert region_engine.encodings == 2


@pytest.mark.parametrize("known", [False, True])
def test_without_a_token_or_switched_off_nothing_is_asked(known, image_host, studio_api, tasks, click, region_engine):
    token = "x" * 40 if known else None
    image_host.token = token and f"Token {token}"
    settings = ServerSettings(
        Credentials(token="t" * 20), label_studio_url=image_host.url, label_studio_token=token, prefetch=not known
    )
    with TestClient(create_app(settings, region_engine), headers={"Authorization": f"Bearer {'t' * 20}"}) as client:
        click(client, tasks[0])
        time.sleep(0.3)
    assert not studio_api.asked

"""Batches are answered in time, what is left over is written once, and annotators never see an empty prediction."""

import threading
import time

import pytest

IMAGES = ("/data/upload/1/9e0c9dd7-img_a.jpg", "/data/upload/1/c3202297-img_b.png")


def wait(condition, seconds=60):
    until = time.monotonic() + seconds
    while not condition() and time.monotonic() < until:
        time.sleep(0.02)
    assert condition()


@pytest.fixture
def service(label_studio):
    return label_studio.app.state.label_studio


@pytest.fixture
def batch(body_of, studio_api):
    """A batch of so many fresh tasks, small images."""

    def make(count, image="/data/local-files/?d=a/b.png"):
        tasks = [studio_api.add_task(image) for _ in range(count)]
        return {**body_of("predict_batch3_several_predictions"), "tasks": tasks}

    return make


def slow(engine, seconds):
    auto = engine.auto

    def later(*arguments, **options):
        time.sleep(seconds)
        return auto(*arguments, **options)

    engine.auto = later


def send(client, api, body):
    """As Label Studio: asks, and stores what it gets."""
    results = client.post("/predict", json=body).json()["results"]
    api.store_answer(body["tasks"], results)
    return results


def counts(client):
    found = client.get("/status").json()["prelabelling"]
    return {state: found[state] for state in ("waiting", "answered", "done", "failed")}


def test_what_is_ready_is_answered_and_the_rest_written_once(label_studio, service, studio_api, batch, region_engine):
    service.background.prelabelling.batches.seconds = 0.5
    slow(region_engine, 0.1)
    body = batch(12)
    results = send(label_studio, studio_api, body)
    ready = sum(isinstance(result, dict) for result in results)
    assert 1 <= ready < 12
    assert results[ready:] == [[]] * (12 - ready), "Label Studio stores nothing for an empty list"
    for _ in range(3):
        assert send(label_studio, studio_api, body) is not None, "sent again"
    wait(lambda: all(studio_api.versions().values()))
    assert studio_api.versions() == {task["id"]: ["regions-1"] for task in body["tasks"]}
    wait(lambda: counts(label_studio)["waiting"] == 0)
    text = label_studio.get("/metrics").text
    assert 'semsam_prelabels{state="waiting"} 0.0' in text


def test_five_hundred_tasks_in_one_request(label_studio, service, studio_api, batch, region_engine):
    service.background.prelabelling.batches.seconds = 2.0
    slow(region_engine, 0.02)
    body = batch(500)
    begin = time.monotonic()
    results = send(label_studio, studio_api, body)
    assert time.monotonic() - begin < 10
    assert len(results) == 500
    assert counts(label_studio)["waiting"] > 300
    wait(lambda: sum(map(len, studio_api.versions().values())) == 500, 180)
    assert all(versions == ["regions-1"] for versions in studio_api.versions().values())


def test_an_answer_that_was_lost_is_written_later(label_studio, service, studio_api, batch):
    service.background.prelabelling.queue.settle_seconds = 0.5
    body = batch(3)
    assert all(label_studio.post("/predict", json=body).json()["results"]), "and Label Studio dies before it stores it"
    assert counts(label_studio)["answered"] == 3
    wait(lambda: counts(label_studio)["done"] == 3)
    assert studio_api.versions() == {1: ["regions-1"], 2: ["regions-1"], 3: ["regions-1"]}
    posts = [path for method, path in studio_api.asked if method == "POST"]
    assert len(posts) == 3


def test_an_answer_that_was_stored_is_not_made_again(label_studio, service, studio_api, batch, region_engine):
    service.background.prelabelling.queue.settle_seconds = 0.5
    send(label_studio, studio_api, batch(3))
    wait(lambda: counts(label_studio)["done"] == 3)
    assert [method for method, _ in studio_api.asked] == ["GET"] * 3
    assert studio_api.versions() == {1: ["regions-1"], 2: ["regions-1"], 3: ["regions-1"]}


def test_two_who_ask_at_once_get_it_once(label_studio, studio_api, batch, region_engine):
    slow(region_engine, 0.3)
    body = batch(1)
    both = [threading.Thread(target=send, args=(label_studio, studio_api, body)) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert studio_api.versions() == {1: ["regions-1"]}


def test_a_click_does_not_wait_for_the_background(label_studio, service, studio_api, batch, body_of, region_engine):
    service.background.prelabelling.batches.seconds = 0.0
    begun, auto = threading.Event(), region_engine.auto

    def long(*arguments, cancel=None, **options):
        begun.set()
        for _ in range(500):
            cancel.check()
            time.sleep(0.01)
        return auto(*arguments, **options)

    region_engine.auto = long
    send(label_studio, studio_api, batch(2))
    assert begun.wait(20)
    begin = time.monotonic()
    assert label_studio.post("/predict", json=body_of("predict_interactive_rectangle")).status_code == 200
    assert time.monotonic() - begin < 2
    region_engine.auto = auto
    wait(lambda: all(studio_api.versions().values()))
    assert studio_api.versions() == {1: ["regions-1"], 2: ["regions-1"]}


def test_work_waits_while_label_studio_is_down_or_refuses(label_studio, service, studio_api, batch, body_of):
    service.background.prelabelling.batches.seconds = 0.0
    for studio_api.down in (503, 401):
        send(label_studio, studio_api, batch(2))
        wait(lambda: studio_api.asked)
        studio_api.asked.clear()
        found = counts(label_studio)
        assert (found["done"], found["failed"]) == (0, 0)
    studio_api.down = 0
    label_studio.post("/setup", json=body_of("setup_post"))
    wait(lambda: all(studio_api.versions().values()))


def test_what_can_never_be_predicted_is_told_to_the_administrator(label_studio, service, studio_api, batch):
    service.background.prelabelling.batches.seconds = 0.0
    body = batch(3)
    body["tasks"][0]["data"]["image"] = "/data/upload/1/missing.png"
    body["tasks"][1]["data"] = {}
    del studio_api.tasks[3]
    results = label_studio.post("/predict", json=body).json()["results"]
    assert results == [[], [], []]
    wait(lambda: counts(label_studio)["failed"] == 3)
    reasons = label_studio.get("/status").json()["prelabelling"]["reasons"]
    assert [reason.partition(":")[0] for reason in reasons] == ["task 1", "task 2", "task 3"]
    assert "404" in reasons[0]
    assert "no image" in reasons[1]
    assert "valid choice" in reasons[2]


def test_a_new_model_predicts_anew(label_studio, service, studio_api, batch, region_engine, monkeypatch):
    service.background.prelabelling.queue.settle_seconds = 0.2
    body = batch(2)
    send(label_studio, studio_api, body)
    wait(lambda: counts(label_studio)["done"] == 2)
    time.sleep(0.3)
    info = region_engine.info
    newer = type(info)(**{**info.__dict__, "version": "regions-2"})
    monkeypatch.setattr(type(region_engine), "info", property(lambda _: newer))
    send(label_studio, studio_api, body)
    wait(lambda: counts(label_studio)["done"] == 2)
    assert studio_api.versions() == {1: ["regions-1", "regions-2"], 2: ["regions-1", "regions-2"]}


def test_masks_without_a_sure_name_are_left_out(label_studio, service, studio_api, batch):
    """The region engine is 0.45 sure of each of two objects."""
    for needed, sent in (("0.4", True), ("0.5", False), (None, service.predictor.prelabeller.min_certainty <= 0.45)):
        body, own = batch(1), "" if needed is None else f'model_certainty_threshold="{needed}"'
        body["label_config"] = f"""<View><Image name="image" value="$image"/>
            <BrushLabels name="brush" toName="image" {own}><Label value="car"/><Label value="dog"/></BrushLabels>
            </View>"""
        (result,) = send(label_studio, studio_api, body)
        assert bool(result) == sent
        if sent:
            assert {item["value"]["brushlabels"][0] for item in result["result"]} == {"car"}


@pytest.mark.parametrize("score", [0.85, 0.95])
def test_prelabels_below_the_threshold_are_left_out(label_studio, studio_api, batch, score):
    body = batch(1)
    whole = [item for item in send(label_studio, studio_api, body)[0]["result"] if item["type"] == "brushlabels"]
    assert {item["value"]["brushlabels"][0] for item in whole} <= {"Object", "Part"}
    body = batch(1)
    body["label_config"] = body["label_config"].replace(
        '<BrushLabels name="brush"', f'<BrushLabels model_score_threshold="{score}" name="brush"'
    )
    (result,) = send(label_studio, studio_api, body)
    kept = [item for item in whole if item["score"] >= score]
    assert len(kept) < len(whole)
    if not kept:
        assert result == []
        assert counts(label_studio)["done"] == 1
    else:
        assert [item["score"] for item in result["result"]] == [item["score"] for item in kept]

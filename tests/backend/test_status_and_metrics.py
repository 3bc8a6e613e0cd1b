"""The status, the metrics and the description of the API: what they say, and what they must not say."""

import contextlib
import re
import threading
from pathlib import Path

import jsonschema
import pytest

from semsam_annotate import load_engine
from semsam_annotate.annotations.retraining.run import LOCK
from semsam_annotate.annotations.retraining.writer import recorded
from semsam_annotate.api.lock import held
from semsam_annotate.backend.documents import described
from semsam_annotate.backend.engine_routes import router as engine_router
from semsam_annotate.backend.search_routes import router as search_router

HOOK = "a-secret-of-the-webhook-path"


def samples(text):
    """Name with labels -> value."""
    rows = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in rows}


def test_status_tells_queue_versions_webhooks_and_the_verdict(label_studio, project_folder, body_of):
    label_studio.post("/webhook", json=body_of("webhook_annotation_created_ui"))
    label_studio.post("/webhook", json=body_of("webhook_annotation_created"))
    label_studio.portal.call(label_studio.app.state.label_studio.hooks.settled)
    with recorded(project_folder / "models") as run:
        run.mark("training", 3, 10)
        figures = {"oracle": 61.25, "ci95": {"oracle": [58.0, 64.0]}}
        reasons = ["worse on <b>old</b> photos", "no gain"]
        told = {"promoted": False, "promote": False, "reasons": reasons, "version": "v1", "differences": {}}
        run.finish({**told, "replay_loss": 0.0, "validation_masks": 20, "old": figures})
    found = label_studio.get("/status").json()
    assert found["engine"]["model"] == "regions-1"
    assert (found["engine"]["waiting"], found["engine"]["most_waiting"]) == (0, 32)
    hooks = found["webhooks"]
    assert (hooks["kept"], hooks["applied"], hooks["pending"], hooks["failed"]) == (2, 1, 0, 1)
    assert "brush mask" in hooks["reasons"][0]
    assert found["annotations"]["accepted"] == 1
    assert found["models"] == ["packaged"]
    assert found["training"]["last"]["ended"] == "finished"
    assert found["training"]["verdict"]["reasons"] == reasons
    page = label_studio.get("/status.html")
    open_, folded = page.text.split("<details>")
    assert "The model before it goes on serving: worse on &lt;b&gt;old&lt;/b&gt; photos; no gain." in open_
    assert "61.25" not in open_
    assert "61.25" in folded.partition("</details>")[0]
    assert "default-src 'none'" in page.headers["content-security-policy"]


def test_what_the_store_does_not_say_hides_nothing_else(label_studio, body_of):
    label_studio.post("/webhook", json=body_of("webhook_annotation_created"))
    label_studio.portal.call(label_studio.app.state.label_studio.hooks.settled)
    engine = label_studio.app.state.label_studio.hooks.intake.store.engine
    engine.dispose()
    for path in Path(engine.url.database).parent.glob(Path(engine.url.database).name + "*"):
        path.write_bytes(b"no store" * 1000)
    found = label_studio.get("/status")
    assert found.status_code == 200
    assert found.json()["annotations"]["accepted"] is None
    assert "not an annotation store" in found.json()["annotations"]["error"]
    assert found.json()["webhooks"]["failed"] == 1
    assert "not an annotation store" in label_studio.get("/status.html").text


def test_status_tells_how_far_a_training_is(label_studio, project_folder):
    with held(project_folder / "models" / LOCK, "taken"), recorded(project_folder / "models") as run:
        run.mark("training", 3, 10)
        training = label_studio.get("/status").json()["training"]
    assert training["state"] == "running"
    assert training["last"]["step"] == {"what": "training", "done": 3, "of": 10}


def test_health_answers_while_engine_and_training_are_busy(label_studio, region_engine, project_folder, body_of):
    started, release = threading.Event(), threading.Event()
    encode = region_engine.encode

    def slow(image, cancel=None):
        started.set()
        release.wait(60)
        return encode(image)

    region_engine.encode = slow
    body = body_of("predict_interactive_rectangle")
    thread = threading.Thread(target=label_studio.post, args=("/predict",), kwargs={"json": body})
    with held(project_folder / "models" / LOCK, "taken"):
        thread.start()
        try:
            assert started.wait(30)
            for path in ("/health", "/status", "/metrics"):  # the engine is released only after they have answered
                assert label_studio.get(path).status_code == 200
            known = label_studio.get("/health").json()
            assert (known["waiting"], known["retrain"]) == (1, "running")
        finally:
            release.set()
            thread.join()


def test_metrics_count_requests_by_route_and_status(label_studio, body_of):
    label_studio.post("/predict", json=body_of("predict_interactive_rectangle"))
    label_studio.post("/predict", json={})
    label_studio.get("/health", headers={"Authorization": "Bearer wrong-token"})
    label_studio.post(f"/hook/{HOOK}/webhook", json={"action": "PROJECT_UPDATED"}, headers={"Authorization": ""})
    label_studio.get("/nowhere/at/all")
    answer = label_studio.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    found = samples(answer.text)
    for route, method, status in (
        ("/predict", "POST", 200), ("/predict", "POST", 400), ("/health", "GET", 401), ("/webhook", "POST", 201),
        ("other", "GET", 404),
    ):  # fmt: skip
        assert found[f'semsam_requests_total{{method="{method}",route="{route}",status="{status}"}}'] == 1
    assert found['semsam_request_seconds_count{route="/predict"}'] == 2
    assert found['semsam_model_info{version="regions-1"}'] == 1
    assert found["semsam_engine_waiting"] == found["semsam_training_running"] == 0
    assert found['semsam_webhooks{state="pending"}'] == 0
    assert 0 < found['semsam_webhook_bytes{room="used"}'] < found['semsam_webhook_bytes{room="most"}']
    assert HOOK not in answer.text


def test_the_engine_tells_the_bytes_it_holds(scene):
    with contextlib.closing(load_engine("default", device="cpu")) as engine:
        assert engine.memory_bytes == 0
        engine.encode(scene)
        assert engine.memory_bytes > 1_000_000


def test_the_description_names_every_route_of_the_api():
    served = {
        (route.path, method.lower())
        for router in (engine_router, search_router)
        for route in router.routes
        for method in route.methods
    }
    api = described()
    told = {(path, method) for path, methods in api["paths"].items() for method in methods}
    assert told == served | {("/v1/openapi.json", "get")}
    for name in set(re.findall(r"#/components/schemas/(\w+)", str(api))):
        jsonschema.Draft202012Validator.check_schema(api["components"]["schemas"][name])


@pytest.mark.parametrize("path", ["/v1/openapi.json", "/docs", "/status", "/status.html", "/metrics"])
def test_none_of_it_is_open(label_studio, path):
    assert label_studio.get(path).status_code == 200
    assert label_studio.get(path, headers={"Authorization": ""}).status_code == 401


def test_pages_load_nothing(label_studio):
    for path in ("/docs", "/status.html"):
        text = label_studio.get(path).text
        assert "<script" not in text
        assert not re.search(r"""(src|href)\s*=|url\(|https?://""", text)


def test_answers_are_as_described(label_studio, scene):
    api = described()

    def ask(path, body=None, **options):
        answer = (
            label_studio.post(path, json=body, **options)
            if "content" not in options
            else label_studio.post(path, **options)
        )
        assert answer.status_code == 200, answer.text
        about = api["paths"][path.partition("?")[0]]["post"]
        schema = about["responses"]["200"]["content"]["application/json"]["schema"]
        whole = {**schema, "components": api["components"]}
        jsonschema.validate(answer.json(), whole)
        return answer.json()

    key = ask("/v1/encode?height=48&width=64", content=scene.tobytes())["key"]
    words = {"objects": ["car"], "parts": ["wheel"]}
    prompt = {"points": [[32, 24]], "labels": [1]}
    ladder = ask("/v1/propose", {"embedding": key, "prompt": prompt, "vocabulary": words})["ladder"]
    ask("/v1/propose_many", {"embedding": key, "prompts": [prompt, prompt], "vocabulary": words})
    ask("/v1/auto", {"embedding": key, "vocabulary": words, "settings": {"side": 3}})
    for task in ("instance", "semantic", "panoptic", "parts"):
        ask("/v1/segment", {"embedding": key, "vocabulary": words, "task": task})
    ask("/v1/find", {"embedding": key, "text": "car"})
    ask("/v1/alike", {"embedding": key, "example": ladder[0]["mask"]})
    ask("/v1/resolve", {"vocabulary": words})
    ask("/v1/remember", {"embedding": key, "mask": ladder[0]["mask"], "object": "car", "id": "r1"})
    ask("/v1/forget", {"ids": ["r1"]})
    ask("/v1/cancel", {"request": "nobody"})
    ask("/v1/release", {"embedding": key})
    jsonschema.validate(label_studio.get("/v1/info").json(), {"$ref": "#/components/schemas/EngineInfo", **api})

"""The class for label-studio-ml 2.x answers as the server does; a stand-in for that package calls it."""

import os
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from semsam_annotate.annotations import Project
from semsam_annotate.api import BadInput
from semsam_annotate.backend.ml_backend import make_model

ROOT = Path(__file__).parents[2]
STAND_IN = Path(__file__).with_name("label_studio_ml_stand_in")
TOKEN = "x" * 40


@pytest.fixture
def made(image_host, region_engine, monkeypatch):
    """Makes the application that label-studio-ml would serve."""
    monkeypatch.syspath_prepend(str(STAND_IN))
    monkeypatch.setenv("LABEL_STUDIO_URL", image_host.url)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", TOKEN)
    from label_studio_ml.api import init_app

    return lambda **options: init_app(model_class=make_model(engine=region_engine, **options))


def masks(answer):
    return [item["value"]["rle"] for item in answer["results"][0]["result"] if item["type"] == "brushlabels"]


def test_a_click_and_a_batch_are_answered_as_by_the_server(made, label_studio, body_of):
    app = made()
    for name in ("predict_interactive_three_points", "predict_batch3_several_predictions"):
        status, answer = app.ask("/predict", body_of(name))
        theirs = label_studio.post("/predict", json=body_of(name)).json()
        assert status == 200
        assert len(answer["results"]) == len(theirs["results"])
        assert masks(answer) == masks(theirs)
        assert masks(answer)


def test_setup_tells_the_model(made, body_of, region_engine):
    assert made().ask("/setup", body_of("setup_post"))[1] == {"model_version": region_engine.info.version}


def test_annotations_land_in_the_project_once(made, project_folder, body_of):
    app = made(project=project_folder)
    created = body_of("webhook_annotation_created_ui")
    for _ in range(2):
        status, answer = app.ask("/webhook", dict(created))
        assert (status, answer["result"]) == (201, {"state": "kept"})
    wanted = sum(item["type"] == "brushlabels" for item in created["annotation"]["result"])
    until = time.monotonic() + 60
    while True:
        with Project.open(project_folder) as project:
            found = len(project.store.annotations("accepted"))
        if found >= wanted:
            break
        assert time.monotonic() < until
        time.sleep(0.05)
    assert found == wanted > 0
    assert app.ask("/webhook", {"action": "PROJECT_UPDATED"})[0] == 200


def test_the_button_starts_a_training(made, project_folder, body_of):
    app = made(project=project_folder)
    status, answer = app.ask("/webhook", body_of("webhook_start_training_basic_auth"))
    assert (status, answer["result"]["state"]) == (201, "started")
    os.waitpid(answer["result"]["pid"], 0)


def test_without_a_project_it_says_that_nothing_is_kept(made, body_of):
    with pytest.raises(BadInput, match="without a project"):
        made().ask("/webhook", body_of("webhook_annotation_created_ui"))


def test_without_label_studio_ml_it_says_what_works(monkeypatch):
    monkeypatch.setitem(sys.modules, "label_studio_ml.model", None)
    with pytest.raises(BadInput, match="semsam serve works without it"):
        make_model()


def test_a_program_that_ends_with_it_ends_in_peace(tmp_path):
    """Python 3.12 starts no thread any more by then."""
    says = "from semsam_annotate.backend.ml_backend import make_model; make_model(project='project')"
    kept = os.environ | {"PYTHONPATH": str(STAND_IN)}
    done = subprocess.run(
        [sys.executable, "-c", says], cwd=tmp_path, env=kept, capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    with Project.open(tmp_path / "project") as project:
        assert project.store.count() == 0


def test_the_folder_is_what_label_studio_ml_starts(tmp_path):
    """It runs ``python FOLDER/_wsgi.py`` with what was given behind ``start``."""
    folder = ROOT / "deploy/label-studio-ml"
    kept = os.environ | {"PYTHONPATH": str(STAND_IN), "SEMSAM_PROJECT": str(tmp_path / "project")}
    command = [sys.executable, str(folder / "_wsgi.py"), "-p", "0"]
    child = subprocess.Popen(command, env=kept, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        port = child.stdout.readline().strip()
        assert port, child.stderr.read()
        answer = httpx.get(f"http://127.0.0.1:{port}/health", timeout=60).json()
        assert answer == {"status": "UP", "model_class": "SemsamModel"}
    finally:
        child.terminate()
        child.communicate()

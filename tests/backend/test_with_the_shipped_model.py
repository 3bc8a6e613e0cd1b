"""The shipped model behind both protocols: the same answers as in this process."""

import numpy as np
import pytest
from fastapi.testclient import TestClient

from semsam_annotate import Prompt, Vocabulary, load_engine
from semsam_annotate.backend.app import create_app
from semsam_annotate.backend.auth import Credentials
from semsam_annotate.backend.settings import ServerSettings
from semsam_annotate.model.engine import open_engine
from semsam_annotate.model.engine.settings import EngineSettings
from semsam_annotate.remote import EngineProcess

WORDS = Vocabulary(["car", "dog"], ["wheel"])
TOKEN = "a-token-for-tests"


@pytest.fixture(scope="module")
def engine():
    engine = load_engine("default", device="cpu")
    yield engine
    engine.close()


def test_a_child_process_answers_as_this_process(engine, scene):
    with EngineProcess("default", device="cpu") as process:
        here, there = engine.encode(scene), process.engine.encode(scene)
        assert there == here
        prompt = Prompt([(32, 24), (3, 3)], [1, 0])
        mine, theirs = engine.propose(here, prompt, WORDS), process.engine.propose(there, prompt, WORDS)
        assert [rung.level for rung in theirs] == [rung.level for rung in mine]
        assert [rung.score for rung in theirs] == pytest.approx([rung.score for rung in mine], abs=1e-3)
        for one, other in zip(mine, theirs, strict=True):
            assert np.count_nonzero(one.mask != other.mask) <= 0.01 * one.mask.size


def encoded(client):
    """(images encoded, embeddings reused) so far."""
    rows = dict(line.split() for line in client.get("/metrics").text.splitlines() if not line.startswith("#"))
    return int(float(rows["semsam_images_encoded_total"])), int(float(rows["semsam_embeddings_reused_total"]))


def test_clicks_of_label_studio(engine, image_host, body_of):
    settings = ServerSettings(
        credentials=Credentials(token=TOKEN), label_studio_url=image_host.url, label_studio_token="x" * 40
    )
    with TestClient(create_app(settings, engine), headers={"Authorization": f"Bearer {TOKEN}"}) as client:
        version = client.post("/setup", json=body_of("setup_post")).json()["model_version"]
        answer = client.post("/predict", json=body_of("predict_interactive_three_points")).json()["results"][0]
        assert answer["model_version"] == version == engine.info.version
        regions = [item for item in answer["result"] if item["type"] == "brushlabels"]
        assert 1 <= len(regions) <= 6
        assert all(item["value"]["brushlabels"][0] in ("Object", "Part") for item in regions)
        made, reused = encoded(client)
        assert made + reused > 0
        for _ in range(2):
            client.post("/predict", json=body_of("predict_interactive_three_points"))
        assert encoded(client) == (made, reused + 2)


def test_encodings_are_counted(scene, tmp_path):
    engine = open_engine("default", "cpu", EngineSettings(cache_folder=tmp_path))
    settings = ServerSettings(credentials=Credentials(token=TOKEN), engine_only=True)
    with TestClient(create_app(settings, engine), headers={"Authorization": f"Bearer {TOKEN}"}) as client:
        assert encoded(client) == (0, 0)
        for photo, counts in ((scene, (1, 0)), (scene, (1, 1)), (scene[::-1], (2, 1)), (scene, (2, 2))):
            height, width = photo.shape[:2]
            client.post(f"/v1/encode?height={height}&width={width}", content=photo.tobytes()).raise_for_status()
            assert encoded(client) == counts
        assert client.get("/status").json()["engine"]["images_encoded"] == 2

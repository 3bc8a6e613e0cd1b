"""However often the server is killed while it predicts, every task gets its prediction, once."""

import contextlib
import json
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

PROGRAM = Path(__file__).parent / "prelabelling_server.py"
TOKEN = "a-token-for-tests"
LS_TOKEN = "x" * 40


@pytest.fixture
def start(project_folder, image_host):
    """Start a server: (process, client)."""
    running = []

    def begin():
        command = [sys.executable, str(PROGRAM), str(project_folder), image_host.url, LS_TOKEN, TOKEN]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        running.append(process)
        port = json.loads(process.stdout.readline())["port"]
        headers = {"Authorization": f"Bearer {TOKEN}"}
        return process, httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60)

    yield begin
    for process in running:
        process.kill()
        process.wait()
        process.stdout.close()


def finished(client):
    found = client.get("/status").json()["prelabelling"]
    return found["waiting"] == found["answered"] == 0


def test_killed_again_and_again(start, studio_api, body_of):
    tasks = [studio_api.add_task("/data/local-files/?d=a/b.png") for _ in range(40)]
    body = {**body_of("predict_batch3_several_predictions"), "tasks": tasks}
    process, client = start()
    studio_api.store_answer(tasks, client.post("/predict", json=body).json()["results"])
    chance = random.Random(5)
    for kill in range(3):
        died = threading.Event()

        def die(process=process, died=died):
            process.kill()  # it does not hear that its prediction was stored
            died.set()

        if kill % 2:
            studio_api.stored = die
            assert died.wait(60)
            studio_api.stored = lambda: None
        else:
            time.sleep(chance.uniform(0.1, 0.6))
            process.kill()
        process.wait()
        process, client = start()
    until = time.monotonic() + 60
    while not finished(client) and time.monotonic() < until:
        time.sleep(0.1)
    assert finished(client)
    assert studio_api.versions() == {task["id"]: ["regions-1"] for task in tasks}


def test_killed_before_it_answered(start, studio_api, body_of):
    """Label Studio shows nobody that a batch failed: what was asked for is written all the same."""
    tasks = [studio_api.add_task("/data/local-files/?d=a/b.png") for _ in range(6)]
    body = {**body_of("predict_batch3_several_predictions"), "tasks": tasks}
    process, client = start()

    def ask():
        with contextlib.suppress(httpx.HTTPError):
            client.post("/predict", json=body)

    asking = threading.Thread(target=ask)
    asking.start()
    time.sleep(0.2)
    process.kill()
    asking.join()
    process, client = start()
    until = time.monotonic() + 60
    while not all(studio_api.versions().values()) and time.monotonic() < until:
        time.sleep(0.1)
    assert studio_api.versions() == {task["id"]: ["regions-1"] for task in tasks}

"""A real Label Studio, a real ``semsam serve`` with the packaged weights, and a person in Debian's Chromium."""

import importlib.util
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from skimage import data

from semsam_annotate.annotations import Annotation, Project
from semsam_annotate.annotations.project_config import read_config, write_config
from semsam_annotate.annotations.retrain_config import RetrainConfig

PHOTOS = ("astronaut", "coffee", "chelsea")
"""By the hash of their pixels, training learns from the first two and is judged by the last."""
STEPS = 12
OBJECTS, PARTS = ("cat", "cup", "person"), {"ear": ["cat"], "eye": ["cat"], "handle": ["cup"], "face": ["person"]}


def _module(name: str, path: Path) -> Any:
    """A helper file (tests are no package)."""
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look there for their annotations
    spec.loader.exec_module(module)
    return module


HERE = Path(__file__).parent
real = _module("e2e_real_label_studio", HERE.parent / "backend" / "real" / "conftest.py")
executable, api = real.executable, real.api


@dataclass
class House:
    """Label Studio's API with the ids in it, our server's with the project that it serves, and where they log."""

    studio: httpx.Client
    project: int
    tasks: dict[str, int]
    server: httpx.Client
    folder: Path
    log: Path

    def status(self) -> dict[str, Any]:
        return self.server.get("/status").raise_for_status().json()

    def wait(self, look: Any, seconds: float) -> Any:
        """What ``look`` gives as soon as it gives anything."""
        return real.wait(look, seconds)

    def accepted(self) -> list[Annotation]:
        with Project.open(self.folder) as project:
            return project.store.annotations("accepted")

    def model_version(self) -> str:
        """As Label Studio has it after asking us."""
        (backend,) = self.studio.get("/api/ml", params={"project": self.project}).raise_for_status().json()
        return backend["model_version"]

    def predicted(self, version: str) -> set[int]:
        """The tasks that have masks predicted by a version."""
        rows = self.studio.get("/api/predictions", params={"project": self.project}).raise_for_status().json()
        return {row["task"] for row in rows if row["model_version"] == version and row["result"]}


@pytest.fixture(scope="module")
def chromium() -> str:
    pytest.importorskip("playwright", reason="playwright is not here: `make e2e` installs it")
    found = os.environ.get("SEMSAM_CHROMIUM") or shutil.which("chromium")
    if not found:
        pytest.skip("there is no chromium: sudo apt-get install chromium, or name one in SEMSAM_CHROMIUM")
    return found


@pytest.fixture(scope="module")
def house(chromium: str, api: httpx.Client, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Set up by our own command, with three photos."""
    made = tmp_path_factory.mktemp("e2e")
    folder, log = made / "project", made / "serve.log"
    Project.create(folder, name="photos", objects=OBJECTS, parts=PARTS).close()
    keep_it_short(folder / "project.toml")
    serve = [sys.executable, "-m", "semsam_annotate.cli", "serve", "--project", str(folder), "--port", "0"]
    with open(log, "wb") as errors, real.running(serve, stdout=subprocess.PIPE, stderr=errors) as process:
        ready = next((line for line in process.stdout if b'"ready"' in line), b"{}")
        address = f"http://127.0.0.1:{json.loads(ready)['port']}"
        token = json.loads((folder / "serve-secrets.json").read_text())["token"]
        headers = {"Authorization": f"Bearer {token}"}
        project = set_up(api, folder, address)
        with httpx.Client(base_url=address, headers=headers, timeout=60) as server:
            yield House(api, project, photos(api, project), server, folder, log)


def keep_it_short(file: Path) -> None:
    """A training of few steps; pre-labels of unsure names too, so that no task goes without."""
    write_config(file, replace(read_config(file), retrain=RetrainConfig(max_steps=STEPS), min_certainty=0.0))


def set_up(api: httpx.Client, folder: Path, address: str) -> int:
    """By ``semsam labelstudio setup``; the project's id in Label Studio."""
    command = [sys.executable, "-m", "semsam_annotate.cli", "labelstudio", "setup", "--json"]
    where = ["--url", str(api.base_url), "--token-env", "TOKEN", "--project", str(folder), "--backend", address]
    environment = os.environ | {"TOKEN": real.TOKEN}
    done = subprocess.run([*command, *where], env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["project"]


def photos(api: httpx.Client, project: int) -> dict[str, int]:
    """Import the photos; their tasks."""
    tasks = {}
    for name in PHOTOS:
        file = io.BytesIO()
        Image.fromarray(getattr(data, name)()).save(file, "PNG")
        sent = {"file": (f"{name}.png", file.getvalue())}
        api.post(f"/api/projects/{project}/import", files=sent).raise_for_status()
        rows = api.get("/api/tasks", params={"project": project}).raise_for_status().json()["tasks"]
        tasks[name] = max(row["id"] for row in rows)
    return tasks


@pytest.fixture(scope="module")
def person(chromium: str, house: House, root: Path) -> Iterator[Any]:
    """Logged in; screenshots go to ``e2e-screenshots``."""
    from playwright.sync_api import sync_playwright

    annotator = _module("e2e_annotator", HERE / "annotator.py")
    folder = root / "e2e-screenshots"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1500, "height": 850})
        page.set_default_timeout(annotator.SECONDS * 1000)
        someone = annotator.Annotator(page, str(house.studio.base_url).rstrip("/"), folder)
        someone.log_in("admin@localhost.test", real.PASSWORD)
        yield someone
        browser.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """A failure says where to look: a screenshot and both logs."""
    report = yield
    if report.failed:
        used = getattr(item, "funcargs", {})
        where = [f"log of Label Studio: {path}" for path in _studio_logs(item)]
        if "house" in used:
            where.append(f"log of semsam serve: {used['house'].log}, of training: {used['house'].folder}/label-studio")
        if "person" in used:
            where.append(f"screenshot: {used['person'].shot('failed')}")
        report.sections.append(("where to look", "\n".join(where)))
    return report


def _studio_logs(item: pytest.Item) -> list[Path]:
    return sorted(item.config._tmp_path_factory.getbasetemp().glob("label-studio[0-9]*/log.txt"))

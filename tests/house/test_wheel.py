"""The wheel in an environment without torch: what is promised to work there works, a remote engine included."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ACCEPT = """
import sys
import numpy as np
from PIL import Image
from semsam_annotate.annotations import ImageRef, Project

image = np.full((48, 64, 3), 40, np.uint8)
Image.fromarray(image).save(sys.argv[1])
cup, handle = np.zeros((2, 48, 64), bool)
cup[10:40, 10:50] = True
cup[20:30, 20:30] = False
handle[15:35, 44:50] = True
with Project.create(sys.argv[2], objects=["cup"], parts={"handle": ["cup"]}, images=[sys.argv[1]]) as project:
    photo = ImageRef.of(sys.argv[1], image, root=project.folder)
    whole = project.store.accept(photo, mask=cup, object="cup")
    project.store.accept(photo, mask=handle, kind="part", object="cup", part="handle", part_of=whole.id)
"""
PROPOSE = """
import sys
import numpy as np
import semsam_annotate as semsam

engine = semsam.load_engine(sys.argv[1], token=sys.argv[2])
image = np.full((48, 64, 3), 40, np.uint8)
image[12:36, 20:44] = (200, 60, 60)
ladder = engine.propose(engine.encode(image), semsam.Prompt([(30, 24)]))
assert 1 <= len(ladder) <= 6 and ladder.best.mask.shape == (48, 64)
assert not {"torch", "torchvision", "scipy", "skimage"} & sys.modules.keys()
print(len(ladder))
"""


def run(*command: str | Path, cwd: Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a command without this environment's packages; its output is shown when it fails."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    done = subprocess.run([*map(str, command)], cwd=cwd, env=environment, capture_output=True, text=True, timeout=600)
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("wheel")


@pytest.fixture(scope="module")
def wheel(root: Path, folder: Path) -> Path:
    """Built from a copy of the checkout, so that no stale build folder gets in and none is left behind."""
    listed = run("git", "ls-files", "-co", "--exclude-standard", cwd=root).stdout.splitlines()
    for name in listed:
        if not name.startswith(("tests/", "docs/", "benchmarks/")) and (root / name).is_file():
            (folder / "source" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / name, folder / "source" / name)
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, cwd=folder / "source")
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def clean(wheel: Path, folder: Path) -> Path:
    """The folder of programs of a virtual environment with the wheel and its core dependencies only."""
    programs = folder / "venv" / "bin"
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if uv is None:
        run(sys.executable, "-m", "venv", folder / "venv", cwd=folder)
        run(programs / "python", "-m", "pip", "install", "-q", wheel, cwd=folder)
        return programs
    run(uv, "venv", "-q", "--python", sys.executable, folder / "venv", cwd=folder)
    install = (uv, "pip", "install", "-q", "--python", programs / "python", wheel)
    if run(*install, "--offline", cwd=folder, check=False).returncode:  # the cache of the installation has it all
        run(*install, cwd=folder)
    return programs


def test_the_wheel_holds_every_room_and_no_loose_folder(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"semsam_annotate"}
    for room in ("api", "annotations", "remote", "napari", "cli", "model", "training", "backend"):
        assert f"semsam_annotate/{room}/__init__.py" in names
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    assert "semsam_annotate/napari/napari.yaml" in names


def test_it_imports_without_torch(clean: Path, folder: Path) -> None:
    code = "import semsam_annotate, importlib.util as u; print(u.find_spec('torch'), semsam_annotate.__version__)"
    assert run(clean / "python", "-c", code, cwd=folder).stdout.startswith("None ")


def test_a_local_engine_names_the_extra_it_needs(clean: Path, folder: Path) -> None:
    done = run(clean / "python", "-c", "import semsam_annotate as s; s.load_engine()", cwd=folder, check=False)
    assert "pip install 'semsam-annotate[local]'" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("command", [(), ("doctor",), ("export",), ("serve",)])
def test_help_without_torch(clean: Path, folder: Path, command: tuple[str, ...]) -> None:
    assert "Usage: semsam" in run(clean / "semsam", *command, "--help", cwd=folder).stdout


def test_the_doctor_works_without_any_extra(clean: Path, folder: Path) -> None:
    findings = {item["name"]: item for item in json.loads(run(clean / "semsam", "doctor", "--json", cwd=folder).stdout)}
    assert findings["core"]["ok"]
    assert not findings["local"]["ok"]
    assert "semsam-annotate[local]" in findings["device"]["remedy"]


@pytest.fixture
def server(folder: Path) -> Iterator[tuple[str, str]]:
    """Address and token of ``semsam serve`` in this, the full, environment."""
    command = [
        sys.executable,
        "-m",
        "semsam_annotate.cli",
        "serve",
        "--engine-only",
        "--port",
        "0",
        "--token",
        "t" * 24,
    ]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        yield f"http://{ready['host']}:{ready['port']}", "t" * 24
        process.terminate()


def test_a_remote_engine_proposes_without_torch(clean: Path, folder: Path, server: tuple[str, str]) -> None:
    assert int(run(clean / "python", "-c", PROPOSE, *server, cwd=folder).stdout) >= 1


def test_export_of_a_small_store(clean: Path, folder: Path) -> None:
    image = folder / "photo.png"
    run(clean / "python", "-c", ACCEPT, image, folder / "project", cwd=folder)
    for layout, categories in (("coco", {"cup"}), ("parts", {"cup", "cup:handle"})):
        out = folder / f"{layout}.json"
        run(clean / "semsam", "export", "--format", layout, "--project", folder / "project", "--out", out, cwd=folder)
        written = json.loads(out.read_text(encoding="utf-8"))
        assert categories <= {category["name"] for category in written["categories"]}
        assert written["images"][0]["height"] == 48
        assert all(annotation["segmentation"]["counts"] for annotation in written["annotations"])

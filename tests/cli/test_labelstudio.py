"""``semsam labelstudio`` as an administrator calls it."""

import subprocess
import sys

from semsam_annotate.annotations import Project
from semsam_annotate.backend.label_studio.config import parse_config

HEAVY = ("torch", "fastapi", "starlette", "scipy", "skimage", "matplotlib")


def test_config_to_a_file_and_to_standard_output(semsam, tmp_path):
    Project.create(tmp_path / "p", objects=["car"], parts={"wheel": ["car"]}).close()
    code, shown, _ = semsam("labelstudio", "config", "--project", tmp_path / "p")
    assert code == 0
    assert [label.value for label in parse_config(shown).brush().labels] == ["car", "car:wheel"]
    assert semsam("labelstudio", "config", "--project", tmp_path / "p", "--out", tmp_path / "c.xml")[0] == 0
    assert (tmp_path / "c.xml").read_text(encoding="utf-8") == shown


def test_config_without_a_project_is_one_line(semsam, tmp_path):
    code, out, err = semsam("labelstudio", "config", "--project", tmp_path)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "project.toml" in err
    Project.create(tmp_path / "p").close()
    code, _, err = semsam("labelstudio", "config", "--project", tmp_path / "p", "--out", tmp_path / "no" / "c.xml")
    assert (code, err.count("\n")) == (2, 1)


def test_nothing_heavy_is_loaded():
    """At import of the commands, and by what they load when they run."""
    room = "semsam_annotate.backend.label_studio.admin"
    code = (
        "import sys, pkgutil, importlib, semsam_annotate.cli.app as app; app.build();"
        "early = sorted(name for name in sys.modules if name.startswith(('semsam_annotate.backend', 'httpx')));"
        f"import {room} as room;"
        f"[importlib.import_module('{room}.' + module.name) for module in pkgutil.iter_modules(room.__path__)];"
        f"print(early, sorted(set(sys.modules) & set({HEAVY!r})))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[0] == "[] []"

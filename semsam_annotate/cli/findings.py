"""What ``semsam doctor`` looks at: each check gives findings, and none of them needs more than the core install."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path

DISTRIBUTION = "semsam-annotate"
BINDINGS = ("PySide6", "PyQt6", "PyQt5")
OPEN_A_WINDOW = "from qtpy.QtWidgets import QApplication, QWidget; app = QApplication([]); QWidget().show()"
DEVICES = """
import json, torch, torchvision
cuda = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
print(json.dumps({"cuda": cuda, "mps": torch.backends.mps.is_available(), "threads": torch.get_num_threads()}))
"""
ROOM_NEEDED_GB = 5


@dataclass(frozen=True)
class Finding:
    """One line of the report. ``remedy``: what to do about it, empty when it is well."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""


def examine(folder: Path) -> list[Finding]:
    """Everything there is to know about this installation; ``folder`` is where work would be saved."""
    return [python(), *extras(), device(), window(), weights(), disk(folder)]


def python() -> Finding:
    """The interpreter."""
    ok = (3, 11) <= sys.version_info[:2] <= (3, 13)
    return Finding("python", ok, sys.version.split()[0], "" if ok else "use Python 3.11, 3.12 or 3.13")


def extras() -> Iterator[Finding]:
    """One finding for the core and one for each extra a user may want, from the installed metadata."""
    wanted = requirements()
    for extra in ("", "local", "napari", "serve", "train"):
        versions = {name: _version(name) for name in wanted.get(extra, [])}
        missing = [name for name, version in versions.items() if version is None]
        present = ", ".join(f"{name} {version}" for name, version in versions.items() if version is not None)
        absent = f"missing: {', '.join(missing)}" if missing else ""
        package = f"'{DISTRIBUTION}[{extra}]'" if extra else DISTRIBUTION
        yield Finding(
            extra or "core",
            not missing,
            "; ".join(part for part in (present, absent) if part),
            f"pip install {package}" if missing else "",
        )


def requirements() -> dict[str, list[str]]:
    """Names of the packages needed by the core ("") and by each extra, our own name left out."""
    found: dict[str, list[str]] = {}
    for line in metadata.requires(DISTRIBUTION) or []:
        name = re.match(r"[A-Za-z0-9._-]+", line)
        extra = re.search(r"extra\s*==\s*['\"]([^'\"]+)", line)
        if name is not None and name.group() != DISTRIBUTION:
            found.setdefault(extra.group(1) if extra else "", []).append(name.group())
    return found


def device() -> Finding:
    """Where a local engine computes. Asked in a child process, so that a broken torch cannot take the doctor along."""
    if util.find_spec("torch") is None:
        return Finding("device", False, "no torch: engines elsewhere only", f"pip install '{DISTRIBUTION}[local]'")
    answer = _child(DEVICES)
    if answer.returncode:
        return Finding("device", False, _last_line(answer), "reinstall torch and torchvision from one index")
    found = json.loads(answer.stdout.strip().splitlines()[-1])
    if found["cuda"]:
        return Finding("device", True, f"cuda: {', '.join(found['cuda'])}")
    return Finding("device", True, "mps" if found["mps"] else f"cpu, {found['threads']} threads")


def window() -> Finding:
    """Whether Qt opens a window here: tried, because a library that is missing shows in no other way."""
    binding = next((name for name in BINDINGS if util.find_spec(name)), None)
    if binding is None or util.find_spec("qtpy") is None:
        missing = "no Qt binding" if binding is None else "no qtpy"
        return Finding("window", False, missing, f"pip install '{DISTRIBUTION}[napari]' 'pyside6<6.12'")
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return Finding("window", False, f"{binding}, no display", "start it on a desktop, or with xvfb-run")
    answer = _child(OPEN_A_WINDOW)
    if answer.returncode:
        return Finding(
            "window", False, f"{binding}: {_last_line(answer)}", "install the system libraries that Qt names"
        )
    return Finding("window", True, f"{binding} opens windows")


def weights() -> Finding:
    """The weights that come with the package."""
    room = util.find_spec("semsam_annotate.model")
    folders = list(room.submodule_search_locations or []) if room is not None else []
    files = sorted(path for folder in folders for path in Path(folder).rglob("*.safetensors"))
    if not files:
        return Finding(
            "weights", False, "no packaged weights", f"reinstall {DISTRIBUTION}, or give a file: --weights FILE"
        )
    return Finding("weights", True, ", ".join(f"{path.stem} ({path.stat().st_size / 1e6:.1f} MB)" for path in files))


def disk(folder: Path) -> Finding:
    """Free space where work would be saved."""
    free = shutil.disk_usage(folder).free / 1e9
    ok = free >= ROOM_NEEDED_GB
    return Finding(
        "disk", ok, f"{free:.0f} GB free at {folder}", "" if ok else f"free {ROOM_NEEDED_GB} GB for a project"
    )


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _child(code: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 1, "", "no answer within 180 s")


def _last_line(answer: subprocess.CompletedProcess[str]) -> str:
    lines = [line.strip() for line in answer.stderr.splitlines() if line.strip()]
    return lines[-1] if lines else f"stopped with code {answer.returncode}"

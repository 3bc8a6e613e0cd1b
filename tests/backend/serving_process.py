"""``semsam serve`` as a process of its own, with the region engine in place of weights."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx


@contextmanager
def served(*options: object, slow: float = 0.0) -> Iterator[tuple[subprocess.Popen, str]]:
    """The command with the region engine in place of weights; its process and its address."""
    conftest = str(Path(__file__).with_name("conftest.py"))
    code = (
        f"import runpy, sys, time; made = runpy.run_path({conftest!r})['RegionEngine']();"
        f"encode = made.encode; made.encode = lambda *a, **k: (time.sleep({slow}), encode(*a, **k))[1];"
        "import semsam_annotate.backend.app as app; app.load_engine = lambda *_, **__: made;"
        "from semsam_annotate.cli import main; sys.argv[0] = 'semsam'; main()"
    )
    command = [sys.executable, "-c", code, "serve", "--port", "0", *map(str, options)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        url = f"http://127.0.0.1:{json.loads(child.stdout.readline())['port']}"
        assert httpx.get(f"{url}/health", timeout=60).status_code == 401
        yield child, url
    finally:
        child.kill()
        child.communicate()

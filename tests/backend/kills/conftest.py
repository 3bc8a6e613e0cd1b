"""Servers of one project that are killed and started again, and who else of theirs is alive."""

import base64
import io
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

AUTH = ("studio", "a-password")
MARK = "SEMSAM_KILLED_TEST"


@dataclass
class Server:
    """A running ``semsam serve``; ``output``: what it printed."""

    pid: int
    url: str
    output: Path

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        return httpx.request(method, f"{self.url}{path}", auth=AUTH, timeout=30, **more)

    def status(self) -> dict[str, Any]:
        return self.ask("GET", "/status").raise_for_status().json()


class Nursery:
    """A process that forks servers of one project. ``mark``: what they and their children have in their environment."""

    def __init__(self, folder: Path, project: Path) -> None:
        self.folder, self.project, self.mark = folder, project, uuid.uuid4().hex
        command = [sys.executable, str(Path(__file__).with_name("nursery.py"))]
        environment = os.environ | {MARK: self.mark}
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        self._count, self._open = 0, dict[int, Server]()
        self._hear()

    def open(self) -> Server:
        """Start a server and wait until it listens and answers."""
        self._count += 1
        output = self.folder / f"server-{self._count}.txt"
        arguments = ["serve", "--port", "0", "--project", str(self.project), "--basic-auth", ":".join(AUTH)]
        pid = self._ask(arguments=arguments, output=str(output))["pid"]
        end = time.monotonic() + 60
        while (port := _port(output)) is None:
            assert time.monotonic() < end, output.read_text()[-4000:]
            time.sleep(0.02)
        self._open[pid] = Server(pid, f"http://127.0.0.1:{port}", output)
        return self._open[pid]

    def kill(self, server: Server) -> None:
        """``kill -9``; it must not have ended by itself before."""
        os.kill(server.pid, signal.SIGKILL)
        ended = self._reap(server)
        assert ended == -signal.SIGKILL, f"it ended by itself ({ended}): {server.output.read_text()[-4000:]}"

    def stop(self, server: Server) -> None:
        """As an administrator stops it."""
        os.kill(server.pid, signal.SIGTERM)
        assert self._reap(server) in (0, -signal.SIGTERM), server.output.read_text()[-4000:]

    def alive(self) -> dict[int, str]:
        """Every process but the nursery that comes from it, by its number: its command line."""
        found = {}
        for place in Path("/proc").iterdir():
            if place.name.isdigit() and int(place.name) != self._process.pid:
                try:
                    if self.mark.encode() in (place / "environ").read_bytes():
                        found[int(place.name)] = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                except OSError:  # it has ended, or is somebody else's
                    continue
        return found

    def close(self) -> None:
        for pid in self.alive():
            os.kill(pid, signal.SIGKILL)
        self._process.kill()
        self._process.communicate()

    def _reap(self, server: Server) -> int:
        del self._open[server.pid]
        return int(self._ask(reap=server.pid)["ended"])

    def _ask(self, **what: Any) -> dict[str, Any]:
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()
        return self._hear()

    def _hear(self) -> dict[str, Any]:
        line = self._process.stdout.readline()
        assert line, "the nursery has ended"
        return json.loads(line)


def _port(output: Path) -> int | None:
    lines = output.read_text().splitlines(keepends=True) if output.exists() else []
    return next((json.loads(line)["port"] for line in lines if '"ready"' in line and line.endswith("\n")), None)


@pytest.fixture
def nursery(tmp_path: Path, project_folder: Path) -> Iterator[Nursery]:
    if not Path("/proc/self/environ").exists():
        pytest.skip("needs /proc, to see which processes are left")
    made = Nursery(tmp_path, project_folder)
    yield made
    made.close()


@pytest.fixture(scope="session")
def pictures() -> list[str]:
    """Images that tasks carry in themselves, different ones."""
    found = []
    for number in range(8):
        stream = io.BytesIO()
        Image.linear_gradient("L").resize((640, 480)).rotate(45 * number).convert("RGB").save(stream, "PNG")
        found.append("data:image/png;base64," + base64.b64encode(stream.getvalue()).decode())
    return found


@pytest.fixture
def wait() -> Callable[[Callable[[], Any], float], Any]:
    """Waits until something is true, and gives it."""

    def until(look: Callable[[], Any], seconds: float) -> Any:
        end = time.monotonic() + seconds
        while not (found := look()):
            assert time.monotonic() < end, "waited in vain"
            time.sleep(0.05)
        return found

    return until

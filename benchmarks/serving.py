"""A real ``semsam serve`` beside a stand-in of Label Studio's images, both on this machine."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import quantiles

TOKEN = "a-token-for-the-benchmark"
AUTH = {"Authorization": f"Bearer {TOKEN}"}


@dataclass(frozen=True)
class Served:
    """A server: its address, that of its webhook, its process."""

    url: str
    hook: str
    process: int

    @property
    def megabytes(self) -> float:
        """Memory that it holds now."""
        lines = Path(f"/proc/{self.process}/status").read_text(encoding="utf-8").splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


@contextmanager
def serving(project: Path, *options: str) -> Iterator[Served]:
    """The command with the packaged weights, until the end of the block."""
    command = [sys.executable, "-m", "semsam_annotate.cli", "serve", "--project", str(project), "--port", "0"]
    command += ["--token", TOKEN, "--log-level", "error", "--exit-with-parent", *options]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout is not None
    try:
        url = f"http://127.0.0.1:{json.loads(child.stdout.readline())['port']}"
        secret = json.loads((project / "serve-secrets.json").read_text())["hook_secret"]
        yield Served(url, f"{url}/hook/{secret}/webhook", child.pid)
    finally:
        child.terminate()
        child.wait()


@contextmanager
def images(files: dict[str, bytes]) -> Iterator[str]:
    """Address of a server that has ``files`` by path, also those put there later."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = files.get(self.path)
            self.send_response(404 if content is None else 200)
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, format: str, *args: object) -> None:
            """Nothing is written."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def spread(values: list[float]) -> dict[str, float]:
    """Median, 95th and 99th percentile, the most, and how many."""
    cuts = quantiles(values, n=100, method="inclusive") if len(values) > 1 else values * 99
    found = {"p50": cuts[49], "p95": cuts[94], "p99": cuts[98], "most": max(values)}
    return {name: round(value, 1) for name, value in found.items()} | {"n": len(values)}

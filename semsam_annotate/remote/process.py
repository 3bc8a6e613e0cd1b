"""The engine in a child process: a crash or a cancel of it loses no work of the parent."""

import json
import os
import secrets
import signal
import subprocess
import sys
import threading
from collections import deque
from contextlib import suppress
from queue import Empty, Queue
from types import TracebackType
from typing import IO

from semsam_annotate.api import EngineUnavailable
from semsam_annotate.remote.engine import RemoteEngine

_TOKEN_VARIABLE = "SEMSAM_ENGINE_TOKEN"


class EngineProcess:
    """Starts ``semsam serve --engine-only`` on loopback with a random token and speaks to it.

        with EngineProcess("default") as process:
            embedding = process.engine.encode(rgb)

    The child ends with the parent, however that ends: it holds the reading end of a pipe that only the parent writes.
    The token goes by environment, so it shows in no process list.
    """

    def __init__(self, source: str = "default", device: str = "auto", startup_timeout: float = 180.0) -> None:
        """``source``, ``device``: as for ``load_engine``. ``startup_timeout``: seconds until it must answer."""
        self._source, self._device, self._startup_timeout = source, device, startup_timeout
        self._lock = threading.RLock()
        self._child: subprocess.Popen[bytes] | None = None
        self._engine: RemoteEngine | None = None
        self._unwanted: subprocess.Popen[bytes] | None = None
        self._last_words: deque[str] = deque(maxlen=20)

    @property
    def engine(self) -> RemoteEngine:
        """The running engine; starts it when it does not run. EngineUnavailable in one line when it cannot."""
        with self._lock:
            if self._engine is None or not self.is_running:
                self.start()
            assert self._engine is not None
            return self._engine

    @property
    def is_running(self) -> bool:
        """Whether the child process lives."""
        return self._child is not None and self._child.poll() is None

    @property
    def pid(self) -> int | None:
        """Process id of the child, None when it does not run."""
        return self._child.pid if self._child is not None and self.is_running else None

    def start(self) -> RemoteEngine:
        """Start the child and wait until it answers; ends one that was there.

        A child that somebody else kills meanwhile, such as a system short of memory, is started once more.
        """
        with self._lock:
            self.kill()
            try:
                return self._begin()
            except _KilledMeanwhile:
                return self._begin()

    def _begin(self) -> RemoteEngine:
        token = secrets.token_urlsafe(32)
        child = self._child = self._spawn(token)
        try:
            url = f"http://127.0.0.1:{self._wait_for_port(child)}"
            self._engine = RemoteEngine(url, token)
        except BaseException as error:
            killed = isinstance(error, EngineUnavailable) and child is not self._unwanted and _was_killed(child)
            self.kill()
            if killed:
                raise _KilledMeanwhile(str(error)) from error
            raise
        return self._engine

    def kill(self) -> None:
        """End the child at once, whatever it computes; callers that wait for it get EngineUnavailable."""
        child = self._unwanted = self._child
        if child is not None:
            child.kill()  # before the lock: a start that waits must not hold a cancel up
        with self._lock:
            if child is not None:
                child.wait()
                if child.stdin is not None:
                    child.stdin.close()  # the readers close the other two
            if self._child is child:
                self._child = None
                if self._engine is not None:
                    self._engine.close()
                self._engine = None

    def restart(self) -> RemoteEngine:
        """End the child and start it again; embeddings of the old one are stale."""
        return self.start()

    close = kill

    def __enter__(self) -> "EngineProcess":
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.kill()

    def _command(self) -> list[str]:
        command = [sys.executable, "-m", "semsam_annotate.cli", "serve", "--engine-only", "--exit-with-parent"]
        return [
            *(*command, "--port", "0", "--token-env", _TOKEN_VARIABLE),
            *("--requests-per-second", "0", "--log-level", "warning"),
            *("--weights", self._source, "--device", self._device),
        ]

    def _spawn(self, token: str) -> "subprocess.Popen[bytes]":
        self._last_words.clear()
        try:
            child = subprocess.Popen(
                self._command(),
                env={**os.environ, _TOKEN_VARIABLE: token},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                # Ctrl+C in a terminal is for the parent; a session of its own would have a share of the processor of
                # its own, however nice its threads are
                process_group=0 if os.name == "posix" else None,
            )
        except OSError as error:
            raise EngineUnavailable(f"the engine's process cannot start: {error}") from error
        return child

    def _wait_for_port(self, child: "subprocess.Popen[bytes]") -> int:
        ready: Queue[int | None] = Queue()
        threading.Thread(target=_read_port, args=(child.stdout, ready), daemon=True).start()
        listener = threading.Thread(target=_keep_last, args=(child.stderr, self._last_words), daemon=True)
        listener.start()
        try:
            port = ready.get(timeout=self._startup_timeout)
        except Empty:
            raise EngineUnavailable(f"the engine did not answer within {self._startup_timeout:g} s") from None
        if port is None:
            listener.join(timeout=2)
            reason = self._last_words[-1].removeprefix("semsam: ") if self._last_words else "it was ended"
            raise EngineUnavailable(f"the engine did not start: {reason}")
        return port


class _KilledMeanwhile(EngineUnavailable):
    """The child was killed, and not by this process."""


def _was_killed(child: "subprocess.Popen[bytes]") -> bool:
    with suppress(subprocess.TimeoutExpired):
        child.wait(timeout=1)  # its output may have ended before it
    return os.name == "posix" and child.returncode == -signal.SIGKILL


def _read_port(stdout: IO[bytes] | None, ready: "Queue[int | None]") -> None:
    """Put the port of the ready line, None when output ends without one; then drain, so that the child never blocks."""
    assert stdout is not None
    told = False
    with stdout:
        for line in stdout:
            port = None if told else _port_of(line)
            if port is not None:
                told = True
                ready.put(port)
    if not told:
        ready.put(None)


def _port_of(line: bytes) -> int | None:
    try:
        value = json.loads(line)
        return int(value["port"]) if value["ready"] else None
    except (ValueError, KeyError, TypeError):
        return None


def _keep_last(stderr: IO[bytes] | None, last_words: "deque[str]") -> None:
    assert stderr is not None
    with stderr:
        for line in stderr:
            last_words.append(line.decode("utf-8", "replace").strip())

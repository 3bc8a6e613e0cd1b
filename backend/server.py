"""Running the application: the socket, the ready line, and an end that comes with the parent's."""

import json
import os
import socket
import sys
import threading
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI

from semsam_annotate.api import BadInput

SWITCH_SECONDS = 0.0005
"""A thread that computes gives way ten times as often as Python's 5 ms: answers pass several threads each."""


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; BadInput in one line when the port is taken or the address is not this machine's.

    It listens before the engine is loaded, so that a taken port is known at once and nobody else takes it meanwhile.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)
    except (OSError, OverflowError) as error:
        listener.close()
        reason = getattr(error, "strerror", None) or str(error)
        raise BadInput(f"cannot listen on {host}:{port}: {reason}; choose another with --port") from error
    listener.set_inheritable(False)
    return listener


def announce(listener: socket.socket) -> None:
    """Print the one line that a parent process waits for: ``{"ready": true, "host": …, "port": …}``."""
    host, port = listener.getsockname()[:2]
    print(json.dumps({"ready": True, "host": host, "port": port}), flush=True)


def run(app: FastAPI, listener: socket.socket, stop_seconds: int = 30) -> None:
    """Serve until stopped; what runs then has ``stop_seconds`` to end. No access log: paths carry a secret."""
    sys.setswitchinterval(SWITCH_SECONDS)
    config = uvicorn.Config(
        app, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=stop_seconds
    )
    uvicorn.Server(config).run(sockets=[listener])


def exit_with_parent(leave: Callable[[int], None] = os._exit) -> None:
    """End this process when standard input closes, which happens however the parent ends, kill -9 included."""

    def watch() -> None:
        while os.read(0, 1):  # not sys.stdin: its lock, held here, would abort a normal exit
            pass
        leave(0)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()

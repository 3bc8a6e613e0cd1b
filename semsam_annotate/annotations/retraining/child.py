"""A training in a process of its own, which leaves half of the machine to whoever annotates meanwhile."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from semsam_annotate.annotations.retraining.run import Run
from semsam_annotate.annotations.retraining.writer import stopped
from semsam_annotate.api import BadInput, SemsamError
from semsam_annotate.api.priority import give_way

NICENESS = 19
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")
"""What torch takes its number of threads from."""


if sys.platform == "win32":
    _LOW = subprocess.BELOW_NORMAL_PRIORITY_CLASS
else:
    _LOW = 0


class CannotStart(SemsamError, RuntimeError):
    """The system starts no process."""


def semsam(*arguments: str) -> list[str]:
    """The command line of this installation."""
    return [sys.executable, "-m", "semsam_annotate.cli", *arguments]


def start(command: Sequence[str], log: Path) -> "subprocess.Popen[bytes]":
    """Start a command at low priority on half of the cores, its output at the end of ``log``; returns at once.

    It has a session of its own, so it outlives this process and Ctrl+C in its terminal. Raises CannotStart.
    """
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            child = subprocess.Popen(
                command,
                env=modest(os.environ),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=os.name == "posix",
                creationflags=_LOW,
            )
    except OSError as error:
        raise CannotStart(f"training cannot start: {error}") from error
    give_way(child.pid, NICENESS)
    return child


def modest(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment whose programs compute on half of the cores, or fewer if it says so already."""
    half = max(1, _cores() // 2)
    given = {name: environment.get(name, "") for name in THREADS}
    limits = {name: str(min(half, int(text)) if text.isdigit() and int(text) else half) for name, text in given.items()}
    return {**environment, **limits}


def stop(run: Run, force: bool = False) -> None:
    """Ask the process of a run that holds the lock to end, or with ``force`` end it; BadInput for another machine's.

    A loop does not go on with what was ended: it is written down as stopped first.
    """
    if run.host != socket.gethostname():
        raise BadInput(f"this training runs on the machine {run.host}: stop it there")
    if force:
        stopped(run)
    end(run.pid, force)


def end(pid: int, force: bool = False) -> None:
    """Ask a process to end, or with ``force`` end it, with all of its group if it is the first of one."""
    with suppress(ProcessLookupError):
        if sys.platform == "win32":
            os.kill(pid, signal.SIGTERM)
            return
        what = signal.SIGKILL if force else signal.SIGTERM
        if os.getpgid(pid) == pid:
            os.killpg(pid, what)
        else:
            os.kill(pid, what)


def alive(pid: int) -> bool:
    """Whether a process of this machine is there; False where the system cannot be asked without harm."""
    if sys.platform == "win32" or pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

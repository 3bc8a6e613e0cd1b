"""A process that a loop began, written down: the loop may be killed, and the next one has to find it."""

import json
import os
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from semsam_annotate.annotations.files import write_atomically
from semsam_annotate.annotations.retraining import child
from semsam_annotate.api.errors import DAMAGED

PAUSE = 0.05
"""Seconds between two looks whether a process has ended."""
BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class BegunProcess:
    """Process ``pid`` of ``host``; ``birth``: when it began, as the system says it, since numbers come again."""

    pid: int
    host: str
    birth: str

    @classmethod
    def of(cls, pid: int) -> "BegunProcess":
        """A process of this machine that is there."""
        return cls(pid, socket.gethostname(), _birth(pid))

    @classmethod
    def read(cls, path: Path) -> "BegunProcess | None":
        """From a file; None when there is none, or it is damaged."""
        try:
            row = json.loads(path.read_bytes())
            return cls(int(row["pid"]), str(row["host"]), str(row["birth"]))
        except (OSError, *DAMAGED):
            return None

    def write(self, path: Path) -> None:
        """Into a file."""
        write_atomically(path, json.dumps(asdict(self)).encode())

    @property
    def alive(self) -> bool:
        """Whether it goes on here; False for another machine's, and where nobody can tell it from a later process."""
        return self.host == socket.gethostname() and bool(self.birth) and _birth(self.pid) == self.birth

    def end(self, grace: float) -> None:
        """Ask it to end, and after so many seconds end it."""
        for force in (False, True):
            until = time.monotonic() + grace
            if self.alive:
                child.end(self.pid, force)
            while self.alive and time.monotonic() < until:
                time.sleep(PAUSE)


def _birth(pid: int) -> str:
    """When a process began, in words of the system; "" when there is none, or the system does not tell."""
    if sys.platform == "win32" or pid <= 0:
        return ""
    with suppress(OSError, IndexError):
        told = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        return "" if told[0] == "Z" else f"{BOOT.read_text(encoding='ascii').strip()} {told[19]}"
    with suppress(OSError, subprocess.SubprocessError):
        command, plain = ["ps", "-o", "lstart=", "-p", str(pid)], {**os.environ, "LC_ALL": "C"}
        return "" if Path("/proc/self").exists() else subprocess.check_output(command, text=True, env=plain).strip()
    return ""

"""Work that others must not wait for."""

import os
import sys
import threading
from contextlib import suppress
from pathlib import Path

LITTLE = 5
"""Niceness at which clicks do not wait yet."""


def give_way(pid: int, niceness: int) -> None:
    """Let a process that leads a session of its own have the processor after others; 0 first … 19 last.

    Linux shares the processor among sessions before it looks at processes where autogroups are on, as on desktops and
    plain Debian; so the session gets the niceness too. Where the system refuses, it is merely less polite.
    """
    if sys.platform == "win32":
        return
    with suppress(OSError):  # threads that it starts inherit it
        os.setpriority(os.PRIO_PROCESS, pid, max(niceness, os.getpriority(os.PRIO_PROCESS, 0)))
    with suppress(OSError):
        Path(f"/proc/{pid}/autogroup").write_text(str(niceness), encoding="ascii")


def give_way_here(niceness: int) -> None:
    """Let the thread that calls, and those that it starts, have the processor after others of its session.

    Only Linux knows threads of different niceness; elsewhere the whole process gives way, by little.
    """
    if sys.platform == "win32":
        return
    who, most = (threading.get_native_id(), niceness) if sys.platform == "linux" else (0, min(niceness, LITTLE))
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, who, max(most, os.getpriority(os.PRIO_PROCESS, who)))

"""A Qt binding that is known to end the window."""

import sys

import qtpy

PYTHON = sys.version_info[:3]


def warning(api: str = qtpy.API_NAME, version: str | None = None, python: tuple[int, ...] = PYTHON) -> str:
    """One line about the binding in use, "" when nothing is known against it.

    PySide6 6.12.0 drops a reference to None at every call; before Python 3.12 the process ends when none is left,
    after minutes of work.
    """
    found = qtpy.PYSIDE_VERSION if version is None and api == "PySide6" else version
    if api == "PySide6" and found == "6.12.0" and python < (3, 12):
        return 'PySide6 6.12.0 ends the window after a while on Python 3.11: pip install "pyside6!=6.12.0"'
    return ""

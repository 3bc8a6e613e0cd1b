"""Print the Debian packages that `make test` needs and this machine lacks: for venv, and for Qt on a virtual screen.

Arguments are programs that are needed too, each in a package of its own name.
"""

import ctypes
import importlib.util
import shutil
import sys

PROGRAMS = {"xvfb-run": "xvfb", "xauth": "xauth"}
LIBRARIES = {
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libOpenGL.so.0": "libopengl0",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libfontconfig.so.1": "libfontconfig1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
}


def loads(library: str) -> bool:
    """Whether the dynamic loader finds the library."""
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


missing = [] if importlib.util.find_spec("ensurepip") else ["python3-venv"]
missing += [package for program, package in PROGRAMS.items() if shutil.which(program) is None]
missing += [program for program in sys.argv[1:] if shutil.which(program) is None]
missing += [package for library, package in LIBRARIES.items() if not loads(library)]
print(" ".join(missing))

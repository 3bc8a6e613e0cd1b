"""Starts ``semsam serve`` again and again as forks of this process, which has imported all and computed nothing.

A line of JSON on its input, {"arguments": [...], "output": PATH}, starts a server and is answered with its {"pid"};
{"reap": PID} waits for one and is answered with how it {"ended"} (negative: the signal).
"""

import importlib
import json
import os
import runpy
import sys
from pathlib import Path

from semsam_annotate.cli.app import build

MODULES = ("app", "logs", "server", "settings", "label_studio.service", "label_studio.hooks")
"""Of the backend; and what uvicorn and sqlalchemy import late."""
LATE = ("uvicorn.loops.auto", "uvicorn.protocols.http.auto", "uvicorn.lifespan.on", "sqlalchemy.dialects.sqlite")


def live(arguments: list[str], output: str) -> None:
    """One server with the region engine in place of weights, until it is killed."""
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND), 1)
    os.dup2(1, 2)
    from semsam_annotate.backend import app
    from semsam_annotate.cli import main

    app.load_engine = lambda *_, **__: ENGINE()
    sys.argv = ["semsam", *arguments]
    main()


ENGINE = runpy.run_path(str(Path(__file__).parents[1] / "region_engine.py"))["RegionEngine"]
for module in (*(f"semsam_annotate.backend.{name}" for name in MODULES), *LATE):
    importlib.import_module(module)
build()
print(json.dumps({"ready": True}), flush=True)
while line := sys.stdin.readline():
    asked = json.loads(line)
    if "reap" in asked:
        print(json.dumps({"ended": os.waitstatus_to_exitcode(os.waitpid(asked["reap"], 0)[1])}), flush=True)
    elif (child := os.fork()) == 0:
        live(asked["arguments"], asked["output"])
        os._exit(0)
    else:
        print(json.dumps({"pid": child}), flush=True)

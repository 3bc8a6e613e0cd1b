"""How fast the napari window answers, in a real window with semsam-tiny in its child process.

    python benchmarks/gui.py [--rounds 40] [--clicks 200] [--images 500] [--only start,plain,…] [--out FILE] [--again]

Mouse and keys are Qt's own events; a time ends when a frame is on the screen. Beside every time stands a bare draw: in
the same window, in turn, napari alone draws the same layer afresh; the bars hold for two idle cores, the ratio for any.
Without a display it runs on a virtual one (Mesa draws in software there). A step that the file has is not run again.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from timing import machine

ROOT = Path(__file__).resolve().parent.parent
STEPS = ("start", "plain", "crowded", "turning", "heartbeat", "training", "memory")
STARTS = 5
SCREEN = ["xvfb-run", "-a", "-s", "-screen 0 1680x1050x24 +extension GLX"]

BARS = {
    "hover computed": (40, "bare candidate layer"),
    "hover drawn": (100, "bare candidate layer"),
    "click to ladder drawn": (120, "bare candidate layer"),
    "rung to drawn": (70, "bare candidate layer"),
    "accept to drawn": (80, "bare accepted layer"),
    "next ready, read ahead": (300, "bare image"),
    "first ladder": (8000, None),
}
"""Milliseconds of the median, and the bare draw it is compared with."""
MOST_TIMES, MOST_GAP, MOST_GROWTH = 2.0, 50.0, 100.0
"""A crowded photo to a plain one; a gap beyond napari's own, ms; memory of later photos beyond the earlier ones, MB."""


def summary(times: list[float]) -> dict[str, float]:
    """Median, 95th percentile and largest of milliseconds."""
    middle, high = np.percentile(times, (50, 95))
    return {
        "n": len(times),
        "ms": round(float(middle), 1),
        "p95": round(float(high), 1),
        "max": round(max(times), 1),
    }


def table(found: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """A row for every figure that was measured, with its bar and whether it is met."""
    rows = [row for step in ("start", "plain", "crowded", "turning") for row in _timed(step, found.get(step, {}))]
    if "plain" in found and "crowded" in found:
        rows += [_doubled(name, found) for name in BARS if name in found["plain"] and name in found["crowded"]]
    if "turning" in found and not found["turning"].get("next ready, read ahead"):
        rows.append(
            {"step": "turning", "work": "next ready, read ahead", "told": "not measured: nothing is read ahead"}
        )
    rows += [_gap(step, found[step]) for step in ("heartbeat", "training") if step in found]
    if "memory" in found:
        rows += [_growth(found["memory"]["rows"], side) for side in ("window_mb", "engine_mb")]
    return rows


def _timed(step: str, times: dict[str, list[float]]) -> list[dict[str, Any]]:
    rows = []
    for name, values in times.items():
        if values:
            most, bare = BARS.get(name, (None, None))
            row = {"step": step, "work": name, **summary(values)}
            if bare is not None and times.get(bare):
                row["ratio_to_bare"] = round(row["ms"] / float(np.median(times[bare])), 2)
            if most is not None:
                row |= {"bar": f"<= {most} ms", "met": row["ms"] <= most}
            rows.append(row)
    return rows


def _doubled(name: str, found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    plain, crowded = (float(np.median(found[step][name])) for step in ("plain", "crowded"))
    times = round(crowded / plain, 2)
    bar = f"<= {MOST_TIMES} times"
    return {"step": "crowded / plain", "work": name, "ratio": times, "bar": bar, "met": times <= MOST_TIMES}


def _gap(step: str, times: dict[str, list[float]]) -> dict[str, Any]:
    gaps, bare = times["gap while working"], max(times["gap while napari draws"])
    facts = {"step": step, "work": "longest gap of the event loop", "ms": round(max(gaps), 1), "bare": round(bare, 1)}
    longer = sum(gap > bare + MOST_GAP for gap in gaps)
    return {**facts, "bar": f"<= bare + {MOST_GAP} ms", "longer": longer, "met": not longer}


def _growth(rows: list[dict[str, float]], side: str) -> dict[str, Any]:
    """The most memory in the second half of the photos against the most in the first half."""
    half = max(len(rows) // 2, 1)
    first, second = (max((row[side] for row in part), default=0.0) for part in (rows[:half], rows[half:]))
    facts = {"step": "memory", "work": f"{side} after {rows[-1]['images']:.0f} photos", "mb": round(rows[-1][side])}
    grown = round(second - first, 1)
    return {**facts, "grown_mb": grown, "bar": f"<= {MOST_GROWTH} MB", "met": grown <= MOST_GROWTH}


def measured(step: str, plan: dict[str, Any]) -> dict[str, Any]:
    """What a step found; ``STARTS`` processes are started."""
    if step != "start":
        return run(step, plan)
    run("prepare", plan)
    tries = [run(step, plan) for _ in range(STARTS)]
    return {name: [value for found in tries for value in found[name]] for name in tries[0]}


def run(step: str, plan: dict[str, Any]) -> dict[str, Any]:
    """One step in a process of its own; its last line."""
    command = [sys.executable, str(Path(__file__).with_name("gui_steps.py")), step]
    told = json.dumps({**plan, "began": time.time()})
    done = subprocess.run([*command, told], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Run what is not in the file yet, and write it after every step."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--clicks", type=int, default=200, help="of the event loop's run")
    parser.add_argument("--images", type=int, default=500, help="gone through for memory")
    parser.add_argument("--masks", type=int, default=1000, help="accepted on the crowded photo")
    parser.add_argument("--size", type=int, nargs=2, default=(1024, 768), metavar=("WIDTH", "HEIGHT"))
    parser.add_argument("--only", default=",".join(STEPS))
    parser.add_argument("--again", action="store_true", help="also what the file has")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks/results/gui.json")
    given = parser.parse_args()
    if not os.environ.get("DISPLAY") and shutil.which(SCREEN[0]):
        os.execvp(SCREEN[0], [*SCREEN, sys.executable, *sys.argv])
    kept = json.loads(given.out.read_text()) if given.out.exists() else {}
    found: dict[str, Any] = kept.get("times", {})
    with tempfile.TemporaryDirectory() as folder:
        counts = {name: getattr(given, name) for name in ("rounds", "clicks", "images", "masks", "size")}
        for step in given.only.split(","):
            if given.again or step not in found:
                found[step] = measured(step, {**counts, "folder": folder})
                write(given.out, {"machine": machine(), **counts, "rows": table(found), "times": rounded(found)})
    for row in table(found):
        print(json.dumps(row))


def rounded(found: dict[str, Any]) -> dict[str, Any]:
    """Tenths of milliseconds and of megabytes."""
    return json.loads(json.dumps(found), parse_float=lambda text: round(float(text), 1))


def write(path: Path, told: dict[str, Any]) -> None:
    """All or nothing."""
    partial = path.with_name(f"{path.name}.part")
    partial.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    partial.replace(path)


if __name__ == "__main__":
    main()

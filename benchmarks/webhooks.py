"""How long Label Studio waits for the answer to a webhook, which is given when the webhook is on disk.

    python benchmarks/webhooks.py [--count 400] [--before 2000] [--out FILE]

A real ``semsam serve`` with a project of ``--before`` annotations. One annotator alone, then eight of them, a second
between one's annotations, while others click without a pause. Beside it, in the same minutes: ``GET /health`` of the
same server, which shows what the busy machine costs whatever is asked, and the bare disk, a write and an fsync.
"""

import argparse
import base64
import io
import json
import os
import tempfile
import threading
import time
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from PIL import Image
from serving import AUTH, serving, spread
from subject import ROOT, photo
from timing import machine

from semsam_annotate.backend.label_studio.brush_rle import encode_brush

BAR_MS = 50
CAPTURES = ROOT / "tests/backend/captures"
REGIONS, SIDE = 6, 640


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--before", type=int, default=2000)
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks/results/webhooks.json")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder) / "project") as served:
        rows = measure(served.url, served.hook, given)
        rows["write and fsync"] = spread(disk(Path(folder), given.count))
    facts = {"machine": machine(), "bar_ms": BAR_MS, "body_bytes": len(body(0)), "milliseconds": rows}
    given.out.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(rows, indent=1))


def measure(url: str, hook: str, given: argparse.Namespace) -> dict[str, Any]:
    with httpx.Client() as client:
        for number in range(1, 1 + given.before // REGIONS):
            client.post(hook, content=body(number)).raise_for_status()
        settle(client, url)
        alone = annotate(hook, 100_000, given.count // 4, 0.1)
        idle = ask_health(client, url, given.count // 4)
    stop = threading.Event()
    clicking = [threading.Thread(target=click, args=(url, stop)) for _ in range(2)]
    for thread in clicking:
        thread.start()
    together: list[float] = []
    health: list[float] = []
    people = [
        threading.Thread(
            target=lambda n=n: together.extend(annotate(hook, 200_000 + 10_000 * n, given.count // 8, 1.0))
        )
        for n in range(8)
    ]
    for thread in people:
        thread.start()
    with httpx.Client(timeout=30) as client:
        while any(thread.is_alive() for thread in people):
            health.extend(ask_health(client, url, 1))
            time.sleep(0.2)
    stop.set()
    for thread in clicking:
        thread.join()
    busy = {"webhook": spread(together), "health": spread(health)}
    return {"one annotator": {"webhook": spread(alone), "health": spread(idle)}, "eight annotators, clicks": busy}


def ask_health(client: httpx.Client, url: str, count: int) -> list[float]:
    """Milliseconds until the same server said that it is up."""
    taken = []
    for _ in range(count):
        begin = time.perf_counter()
        client.get(f"{url}/health", headers=AUTH).raise_for_status()
        taken.append(1000 * (time.perf_counter() - begin))
    return taken


def annotate(hook: str, first: int, count: int, pause: float) -> list[float]:
    """Milliseconds until each of so many webhooks was answered."""
    taken = []
    with httpx.Client(timeout=30) as client:
        for number in range(first, first + count):
            content = body(number)
            begin = time.perf_counter()
            client.post(hook, content=content).raise_for_status()
            taken.append(1000 * (time.perf_counter() - begin))
            time.sleep(pause)
    return taken


def click(url: str, stop: threading.Event) -> None:
    request = json.loads(
        json.loads((CAPTURES / "predict_interactive_three_points.json").read_text())["request"]["body_raw"]
    )
    request["tasks"][0]["data"]["image"] = address()
    with httpx.Client(timeout=60, headers=AUTH) as client:
        while not stop.is_set():
            client.post(f"{url}/predict", json=request)


def settle(client: httpx.Client, url: str) -> None:
    while client.get(f"{url}/health", headers=AUTH).json()["webhooks"]["pending"]:
        time.sleep(0.5)


def body(number: int) -> bytes:
    """A webhook of an annotation with six masks, each with a ragged edge as a brush leaves it."""
    made = json.loads(json.loads((CAPTURES / "webhook_annotation_created_ui.json").read_text())["request"]["body_raw"])
    made["task"]["data"]["image"], made["annotation"]["id"] = address(), number
    made["annotation"]["result"] = [{**region(rle), "id": f"r{number}-{n}"} for n, rle in enumerate(masks())]
    return json.dumps(made).encode()


def region(rle: list[int]) -> dict[str, Any]:
    sizes = {"original_width": SIDE, "original_height": SIDE, "image_rotation": 0}
    value = {"format": "rle", "rle": rle, "brushlabels": ["Object"]}
    return {"from_name": "brush", "to_name": "image", "type": "brushlabels", **sizes, "value": value}


@cache
def masks() -> list[list[int]]:
    rows, columns = np.mgrid[:SIDE, :SIDE]
    angle, away = np.arctan2(rows - SIDE / 2, columns - SIDE / 2), np.hypot(rows - SIDE / 2, columns - SIDE / 2)
    ragged = [away < 40 * (n + 1) + 6 * np.sin(90 * angle + n) for n in range(REGIONS)]
    return [encode_brush(mask) for mask in ragged]


@cache
def address() -> str:
    file = io.BytesIO()
    Image.fromarray(photo(SIDE, SIDE)).save(file, "JPEG")
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()


def disk(folder: Path, count: int) -> list[float]:
    content, taken = body(0), []
    with open(folder / "bare", "wb") as file:
        for _ in range(count):
            begin = time.perf_counter()
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            taken.append(1000 * (time.perf_counter() - begin))
    return taken


if __name__ == "__main__":
    main()

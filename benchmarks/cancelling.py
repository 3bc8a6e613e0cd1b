"""How long a job that is cancelled keeps the engine: milliseconds from the cancel until it is free for the next one.

    python benchmarks/cancelling.py [--times 20] [--threads 2] [--out FILE]

Each job is cancelled ``--times`` times, at moments spread evenly over the time that it takes undisturbed.
"""

import argparse
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from subject import ROOT, WORDS, photo, published_engine
from timing import machine

from semsam_annotate.api import Cancelled, CancelToken, Prompt
from semsam_annotate.model.engine.opening import open_engine
from semsam_annotate.model.engine.settings import EngineSettings

BAR = 300
Job = Callable[[CancelToken], Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks/results/cancelling.json")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    rows = []
    for model, jobs in (("Swin-T", jobs_of(published_engine())), ("semsam-tiny", packaged_jobs())):
        for name, job in jobs.items():
            rows.append({"job": f"{name}, {model}", **latencies(job, given.times)})
            print(json.dumps(rows[-1]), flush=True)
    facts = {"machine": machine(), "bar_ms": BAR, "rows": rows}
    given.out.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


def packaged_jobs() -> dict[str, Job]:
    return jobs_of(open_engine("default", "cpu", EngineSettings()))


def jobs_of(engine: Any) -> dict[str, Job]:
    """What may be cancelled: the encoding of an image never seen, many clicks, the search of a whole image."""
    rgb = photo(640, 640)
    handle = engine.encode(rgb)
    prompts = [Prompt([(40 + n % 8 * 80, 40 + n // 8 * 80)]) for n in range(64)]
    seen = iter(range(1, 1 << 16))

    def encode(token: CancelToken) -> None:
        fresh = rgb.copy()
        fresh[0, 0] = (*divmod(next(seen), 256), 1)
        engine.encode(fresh, cancel=token)

    return {
        "encode 640x640": encode,
        "64 clicks": lambda token: engine.propose_many(handle, prompts, WORDS, cancel=token),
        "auto 640x640": lambda token: engine.auto(handle, WORDS, cancel=token),
    }


def latencies(job: Job, times: int) -> dict[str, float]:
    """Milliseconds the whole job takes, and the median and the longest wait after a cancel."""
    started = time.perf_counter()
    job(CancelToken())
    whole = time.perf_counter() - started
    waits = sorted(latency(job, whole * (number + 0.5) / times) for number in range(times))
    return {
        "whole_ms": round(1000 * whole, 1),
        "median_ms": round(1000 * waits[len(waits) // 2], 1),
        "most_ms": round(1000 * waits[-1], 1),
    }


def latency(job: Job, after: float) -> float:
    """Seconds from a cancel ``after`` seconds until the job has ended."""
    token, cancelled = CancelToken(), []

    def cancel() -> None:
        cancelled.append(time.perf_counter())
        token.cancel()

    timer = threading.Timer(after, cancel)
    timer.start()
    try:
        job(token)
    except Cancelled:
        return time.perf_counter() - cancelled[0]
    finally:
        timer.cancel()
    return 0.0  # it was done before


if __name__ == "__main__":
    main()

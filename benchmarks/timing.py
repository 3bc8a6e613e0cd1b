"""Two sides of a comparison timed in turn, so that whatever else the machine does meets both."""

import os
import platform
import resource
import subprocess
import time
from collections.abc import Callable
from statistics import median, quantiles
from typing import Any


def in_turn(sides: dict[str, Callable[[], Any]], rounds: int) -> dict[str, dict[str, float]]:
    """Milliseconds of each side over rounds of all sides, after one round that does not count."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in sides}
    for number in range(rounds + 1):
        for name, side in sides.items():
            taken = _once(side)
            if number:
                times[name].append(taken)
    return {name: _spread(values) for name, values in times.items()}


def _once(side: Callable[[], Any]) -> tuple[float, float]:
    wall, processor = time.perf_counter(), time.process_time()
    side()
    return 1000 * (time.perf_counter() - wall), 1000 * (time.process_time() - processor)


def _spread(values: list[tuple[float, float]]) -> dict[str, float]:
    wall, processor = ([pair[index] for pair in values] for index in (0, 1))
    low, high = (quantiles(processor, n=4)[0], quantiles(processor, n=4)[-1]) if len(processor) > 1 else (processor * 2)
    return {
        "ms": round(median(wall), 2),
        "cpu_ms": round(median(processor), 2),
        "cpu_low": round(low, 2),
        "cpu_high": round(high, 2),
    }


def machine() -> dict[str, Any]:
    """Where this runs, and how busy it is."""
    import torch

    with open("/proc/cpuinfo") as lines:
        model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "unknown")
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "capability": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
        "torch": torch.__version__,
        "system": platform.platform(),
    }


def peak_megabytes() -> float:
    """The most memory this program has held; a child begins anew, where ``getrusage`` keeps its parent's figure."""
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def in_children(command: list[str], rounds: int) -> dict[str, float]:
    """Wall and processor milliseconds of a program, medians, after one round that lets Python keep its bytecode."""
    taken = []
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    for _ in range(rounds + 1):
        wall, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, capture_output=True, env=kept)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        taken.append((1000 * (time.perf_counter() - wall), 1000 * processor))
    taken = taken[1:]
    middle = sorted(taken)[len(taken) // 2]
    return {"ms": round(middle[0], 1), "cpu_ms": round(sorted(cpu for _, cpu in taken)[len(taken) // 2], 1)}

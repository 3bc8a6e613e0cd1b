"""Steps for the minutes that a training may take: a few steps of both sizes tell how long one takes here and now."""

import time
from dataclasses import replace
from pathlib import Path

from semsam_annotate.training.config import TrainConfig
from semsam_annotate.training.loop import train

TRIED = 3
"""Steps of each size that are tried; the first of each warms up and does not count."""


def within_minutes(config: TrainConfig, minutes: float, scratch: Path) -> TrainConfig:
    """The configuration with as many of its steps as fit, at least one; unchanged for 0 minutes.

    They are counted before the first, since the learning rate ends low: a run cut short would end where it is high.
    ``scratch``: a folder for the trial, whose time counts too.
    """
    if not minutes:
        return config
    begin, ends = time.monotonic(), list[float]()
    schedule = replace(config.schedule, steps=2 * TRIED, warmup=1, final_share=0.5)
    trial = replace(config, schedule=schedule, checkpoint_every=2 * TRIED)
    train(trial, scratch, lambda done, steps, losses: ends.append(time.monotonic()))
    steps = steps_in(minutes * 60 - (time.monotonic() - begin), ends, config)
    return replace(config, schedule=replace(config.schedule, steps=steps, warmup=max(1, steps // 10)))


def steps_in(seconds: float, ends: list[float], config: TrainConfig) -> int:
    """How many of the configuration's steps fit; ``ends``: when each of the trial's ended, half of each size."""
    first, final = ((part[-1] - part[0]) / (TRIED - 1) for part in (ends[:TRIED], ends[TRIED:]))
    share = config.schedule.final_share
    return max(1, min(config.schedule.steps, int(seconds / max((1 - share) * first + share * final, 1e-6))))

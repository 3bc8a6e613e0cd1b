"""A training without a network, which does what a test says: python … PROJECT [deaf] [fail] [slow]."""

import signal
import sys
import time
from pathlib import Path

from semsam_annotate.annotations.retraining.run import LOCK
from semsam_annotate.annotations.retraining.writer import recorded
from semsam_annotate.api import BadInput, SemsamError
from semsam_annotate.api.lock import held

STEPS = 20
REPORT = {
    "version": "0123456789ab",
    "promote": True,
    "reasons": ["oracle is better: +3.4 points [+1.2, +5.6]"],
    "differences": {"oracle": [3.4, 1.2, 5.6], "label_part_top1_macro": None},
    "replay_loss": 0.3,
    "validation_masks": 84,
}


def _stop(*_: object) -> None:
    raise KeyboardInterrupt


def run(models: Path, wishes: list[str]) -> None:
    """Twenty steps, or for ever with "slow"."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN if "deaf" in wishes else _stop)
    with held(models / LOCK, "a retraining of this project is already running"), recorded(models) as writer:
        writer.took([])
        step = 0
        while step < STEPS or "slow" in wishes:
            step += 1
            writer.mark("training", step, STEPS, loss=9.0 / step)
            time.sleep(0.01)
        if "fail" in wishes:
            raise BadInput("the disk is full")
        writer.finish(REPORT)


if __name__ == "__main__":
    try:
        run(Path(sys.argv[1]) / "models", sys.argv[2:])
    except SemsamError as error:
        sys.exit(f"semsam: {error}")

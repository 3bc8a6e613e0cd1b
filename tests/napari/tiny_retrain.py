"""``semsam retrain --hold`` with settings so small that a test can wait for it: python … PROJECT [STEPS]."""

import signal
import sys
from dataclasses import replace
from pathlib import Path

import torch

from semsam_annotate.annotations import Project
from semsam_annotate.api import SemsamError
from semsam_annotate.cli.retrain import _stop
from semsam_annotate.training.naming import NamingSettings
from semsam_annotate.training.retrain import RetrainSettings, retrain

SMALL = RetrainSettings(
    steps=8,
    batch=1,
    size=64,
    final_size=64,
    workers=0,
    replay_scenes=1,
    hold=True,
    pictures=2,
    naming=NamingSettings(batches=2, steps=5),
)

if __name__ == "__main__":
    torch.set_num_threads(1)
    signal.signal(signal.SIGTERM, _stop)
    with Project.open(Path(sys.argv[1])) as project:
        try:
            retrain(project, replace(SMALL, steps=int(sys.argv[2])) if sys.argv[2:] else SMALL)
        except SemsamError as error:
            sys.exit(f"semsam: {error}")

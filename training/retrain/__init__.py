"""Learning from what was accepted: fine-tune, compare, promote only what is better."""

from semsam_annotate.training.retrain.gate import GateSettings, Verdict, judge
from semsam_annotate.training.retrain.run import RetrainReport, retrain
from semsam_annotate.training.retrain.settings import RetrainSettings

__all__ = ["GateSettings", "RetrainReport", "RetrainSettings", "Verdict", "judge", "retrain"]

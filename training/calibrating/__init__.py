"""Making a model's probabilities mean what they say on a project's own photos: fitted on those held back."""

from semsam_annotate.training.calibrating.calibration import Calibration
from semsam_annotate.training.calibrating.kept import read_calibration
from semsam_annotate.training.calibrating.run import Calibrated, calibrate, calibrate_quietly

__all__ = ["Calibrated", "Calibration", "calibrate", "calibrate_quietly", "read_calibration"]

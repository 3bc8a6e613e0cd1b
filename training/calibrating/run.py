"""Calibrating a project's model on the photos held back, and writing down how well that went."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from semsam_annotate.annotations.files import write_atomically
from semsam_annotate.annotations.retraining.counts import LEAST_HELD_BACK
from semsam_annotate.api import BadInput, SemsamError
from semsam_annotate.model.engine import LocalEngine
from semsam_annotate.model.engine.loaded import LoadedModel
from semsam_annotate.training.calibrating.calibration import Calibration
from semsam_annotate.training.calibrating.fit import before_and_after, fit
from semsam_annotate.training.calibrating.kept import calibration_file, write_calibration
from semsam_annotate.training.calibrating.picture import reliability_png
from semsam_annotate.training.calibrating.seen import Seen, look
from semsam_annotate.training.evaluation.calibration import facts
from semsam_annotate.training.evaluation.run import Proposer
from semsam_annotate.training.evaluation.sample import EvaluationSample

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Calibrated:
    """A calibration, where it and its picture lie, and figures ``before`` and ``after`` by side, cross-fitted."""

    version: str
    calibration: Calibration
    file: Path
    picture: Path
    report: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        files = {"file": str(self.file), "picture": str(self.picture)}
        return {"version": self.version, **asdict(self.calibration), **files, **self.report}


def calibrate(engine: Proposer, models: Path, sample: EvaluationSample, progress: Progress | None = None) -> Calibrated:
    """Fit the engine's model to the masks of a sample and keep that in ``models``, the project's folder of models.

    BadInput when they are too few to say anything; a side with too few names is left as it is.
    """
    if len(sample) < LEAST_HELD_BACK:
        raise BadInput(f"only {len(sample)} validation masks, at least {LEAST_HELD_BACK} are needed to calibrate")
    seen, version = look(engine, sample, progress), engine.info.version
    made, sides = fit(seen), before_and_after(seen)
    figures = {side: {"before": facts(both[0]), "after": facts(both[1])} for side, both in sides.items()}
    report = {
        "masks": seen.masks,
        "images": len(sample.images),
        "left_as_they_are": _left(seen, made),
        "sides": figures,
    }
    file = write_calibration(models, version, made, report)
    picture = calibration_file(models, version, "png")
    write_atomically(picture, reliability_png(sides))
    return Calibrated(version, made, file, picture, report)


def calibrate_quietly(weights: Path, models: Path, sample: EvaluationSample, progress: Progress | None = None) -> None:
    """``calibrate`` at the end of a training, which nothing that goes wrong here undoes; too few masks are no error."""
    if len(sample) < LEAST_HELD_BACK:
        return
    with suppress(SemsamError, OSError):
        model = LoadedModel.read(weights, "auto")
        calibrate(LocalEngine(lambda: model), models, sample, progress)


def _left(seen: Seen, made: Calibration) -> list[str]:
    """Sides that were not fitted, with the reason."""
    sides = {"object names": (made.objects, len(seen.objects)), "part names": (made.parts, len(seen.parts))}
    return [
        f"{side}: only {count} masks with a name and an answer, at least {LEAST_HELD_BACK} are needed"
        for side, (found, count) in sides.items()
        if found is None
    ]

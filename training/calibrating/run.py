"""Calibrating a project's model on the photos held back, and writing down how well that went."""

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from semsam_annotate.annotations.files import write_atomically
from semsam_annotate.annotations.retraining.counts import LEAST_HELD_BACK
from semsam_annotate.annotations.retraining.writer import PutBy
from semsam_annotate.api import BadInput
from semsam_annotate.model.engine import LocalEngine
from semsam_annotate.model.engine.loaded import LoadedModel
from semsam_annotate.training.calibrating.calibration import Calibration
from semsam_annotate.training.calibrating.fit import before_and_after, fit
from semsam_annotate.training.calibrating.kept import calibration_file, write_calibration
from semsam_annotate.training.calibrating.picture import TITLES, reliability_png
from semsam_annotate.training.calibrating.seen import Seen, look
from semsam_annotate.training.evaluation.calibration import facts
from semsam_annotate.training.evaluation.run import Proposer
from semsam_annotate.training.evaluation.sample import EvaluationSample

Progress = Callable[[int, int], None]
log = logging.getLogger("semsam.training")


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

    BadInput when they are too few to say anything. A side is left as it is where it has too few names, and where on
    images that the fit did not see its error is no smaller after than before.
    """
    if len(sample) < LEAST_HELD_BACK:
        raise BadInput(f"only {len(sample)} validation masks, at least {LEAST_HELD_BACK} are needed to calibrate")
    version = engine.info.version
    seen = look(engine, sample, progress)
    if engine.info.version != version:
        raise BadInput("another model serves since the masks are looked at: calibrate again")
    sides = before_and_after(seen)
    figures = {side: {"before": facts(both[0]), "after": facts(both[1])} for side, both in sides.items()}
    made, left = helpful(seen, figures)
    report = {"masks": seen.masks, "images": len(sample.images), "left_as_they_are": left, "sides": figures}
    file = write_calibration(models, version, made, report)
    picture = calibration_file(models, version, "png")
    write_atomically(picture, reliability_png(sides))
    return Calibrated(version, made, file, picture, report)


def calibrate_quietly(weights: Path, models: Path, sample: EvaluationSample, progress: Progress | None = None) -> None:
    """``calibrate`` at the end of a training, which nothing that goes wrong here undoes; too few masks are no error."""
    if len(sample) < LEAST_HELD_BACK:
        return
    try:
        model = LoadedModel.read(weights, "auto")
        calibrate(LocalEngine(lambda: model), models, sample, progress)
    except PutBy:
        raise
    except Exception as error:  # of torch's memory and of drawing, too
        log.warning("the new model is not calibrated: %s", error)


def helpful(seen: Seen, figures: dict[str, dict[str, Any]]) -> tuple[Calibration, list[str]]:
    """What was fitted and helps, and why the other sides are left as they are."""
    counts = {"objects": len(seen.objects), "parts": len(seen.parts), "score": len(seen.scores)}
    left = {
        side: f"only {count} masks whose name could be taken for another, at least {LEAST_HELD_BACK} are needed"
        for side, count in counts.items()
        if side not in figures
    }
    left |= {
        side: f"no more reliable after: ECE {both['after']['ece']:.1f}, before {both['before']['ece']:.1f}"
        for side, both in figures.items()
        if both["after"]["ece"] >= both["before"]["ece"]
    }
    return replace(fit(seen), **dict.fromkeys(left)), [f"{TITLES[side]}: {why}" for side, why in left.items()]

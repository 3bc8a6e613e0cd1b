"""What the training tab says, in a person's words."""

from semsam_annotate.annotations.retraining.counts import LEAST_HELD_BACK, TrainingCounts
from semsam_annotate.napari.state.training import TrainingRun

NOTHING_YET = (
    "Nothing to learn from yet. Accept masks: the model learns from them here, and gets better at your images."
)
_WORK = {
    "reading": "Reading the photos",
    "training": "Learning",
    "naming": "Learning names",
    "calibrating": "Calibrating",
}


def counts_words(counts: TrainingCounts) -> str:
    """What there is to learn."""
    if not counts.learn + counts.held_back + counts.small + counts.test:
        return NOTHING_YET
    since = "since the last training" if counts.trained else "since the start"
    photos = f"{counts.photos} photo{'' if counts.photos == 1 else 's'}"
    told = f"{_masks(counts.fresh)} accepted {since}. To learn from: {_masks(counts.learn)} in {photos}"
    small = f" ({counts.small} more too small for that)" if counts.small else ""
    told += f"; held back to judge by: {_masks(counts.held_back)}{small}."
    told += f" In test photos, which no training sees: {_masks(counts.test)}." if counts.test else ""
    if counts.enough_to_judge:
        return told
    return f"{told} Below {LEAST_HELD_BACK} held back nobody can say what is better: accept masks in more photos."


def progress_words(run: TrainingRun) -> str:
    """What it does, how far it is, and how long that takes."""
    last, left = run.progress.last, run.progress.seconds_left
    if run.stage == "stopping":
        return "Stopping …"
    if run.stage == "starting" or last is None:
        return "Starting, this takes a moment …"
    step = f"step {last.done} of {last.total}" if last.what == "training" else f"{last.done} of {last.total}"
    told = f"{_WORK.get(last.what, 'Checking')}: {step}"
    return told if left is None or last.done >= last.total else f"{told}, {duration(left)} left"


def model_words(run: TrainingRun) -> str:
    """Which model serves."""
    if run.model.busy:
        return "The model is being changed …"
    own = run.verdict is not None and run.verdict.version == run.model.active
    return f"Serving: {run.model.active}{', the new model' if own else ''}"


def duration(seconds: float) -> str:
    """Such as "2 h 05 min", "4 min" or "40 s"."""
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    return f"{minutes + (rest >= 30)} min" if minutes else f"{rest} s"


def _masks(count: int) -> str:
    return f"{count} mask{'' if count == 1 else 's'}"

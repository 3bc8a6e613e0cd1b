"""From the end of a fine-tuning to a new version: its weights blended with the old ones, then its names fitted."""

from collections.abc import Callable
from pathlib import Path

from semsam_annotate.training.config import TrainConfig
from semsam_annotate.training.naming import NamingSettings, name_weights_anew
from semsam_annotate.training.retrain.blend import blend
from semsam_annotate.training.run_folder import RunFolder


def finish(
    old: Path,
    run: Path,
    config: TrainConfig,
    share: float,
    out: Path,
    naming: NamingSettings | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Path:
    """Write the ``old`` weights with ``share`` of the run's changes, names fitted last.

    ``run`` is the folder of the fine-tuning, ``config`` its settings. A share of 0 needs no training: the masks stay
    and the new names are learned.
    """
    folder = RunFolder(run, config)
    mixed = blend(old, folder.weights, share, out.with_name(f"unnamed-{out.name}")) if share else old
    name_weights_anew(old, mixed, config, folder.names, out, naming, progress)
    if mixed != old:
        mixed.unlink()
    return out

"""A checkpoint whose names are learned anew, from the heads of the weights that it was fine-tuned from."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from semsam_annotate.model.checkpoints.weights import load_checkpoint, save_checkpoint
from semsam_annotate.model.engine.loaded import choose_device
from semsam_annotate.training.config import TrainConfig
from semsam_annotate.training.names import NameIndex
from semsam_annotate.training.naming.fit import NamingSettings, fit_names
from semsam_annotate.training.naming.gather import gather


def name_weights_anew(
    old: Path,
    weights: Path,
    config: TrainConfig,
    names: NameIndex,
    out: Path,
    settings: NamingSettings | None = None,
    progress: Callable[[int, int], None] = lambda done, batches: None,
) -> Path:
    """Write ``weights`` with heads and text tower of ``old`` fitted to its states on the images of ``config``.

    The old heads come with what they know; those that were trained along with few photos have forgotten more of it and
    learned less of what is new. ``weights`` may be ``old`` itself: then only names are learned.
    """
    chosen = settings or NamingSettings()
    network, card, _ = load_checkpoint(weights)
    before, known, _ = load_checkpoint(old)
    network.class_heads.load_state_dict(before.class_heads.state_dict())
    if network.text_tower is not None and before.text_tower is not None:
        network.text_tower.load_state_dict(before.text_tower.state_dict())
    network = network.to(choose_device("auto"))
    states = gather(network, config, names, chosen.batches, progress)
    fit_names(network, states, names, (known.objects, known.parts), chosen)
    objects, parts = ({*getattr(card, kind), *getattr(names, kind)} for kind in ("objects", "parts"))
    save_checkpoint(network, replace(card, objects=tuple(sorted(objects)), parts=tuple(sorted(parts))), out)
    return out

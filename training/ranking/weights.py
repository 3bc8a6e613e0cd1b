"""A checkpoint with a ranker fitted to it.

python -m semsam_annotate.training.ranking.weights --weights FILE --pack FILE --out FILE [--images 500]
"""

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch

from semsam_annotate.api import BadInput
from semsam_annotate.model.checkpoints.weights import CheckpointCard, load_checkpoint, save_checkpoint
from semsam_annotate.model.config import RankerConfig
from semsam_annotate.model.engine import LocalEngine
from semsam_annotate.model.engine.loaded import LoadedModel
from semsam_annotate.model.engine.settings import EngineSettings
from semsam_annotate.model.network import SemanticSam
from semsam_annotate.training.command import run
from semsam_annotate.training.data.source import ImageSource, open_source
from semsam_annotate.training.ranking.fit import fitted
from semsam_annotate.training.ranking.gather import GatherSettings, gather


def rank_weights(
    weights: Path,
    source: ImageSource,
    out: Path,
    settings: GatherSettings | None = None,
    progress: Callable[[int, int], None] = lambda done, images: None,
) -> str:
    """Write the weights with a ranker fitted on images of a pack; returns their version.

    BadInput, before anything is asked, when the folder of ``out`` is missing.
    """
    if not out.absolute().parent.is_dir():
        raise BadInput(f"cannot write {out}: its folder does not exist")
    network, card = with_ranker(weights)
    engine = LocalEngine(lambda: LoadedModel(network, card, "unranked", torch.device("cpu")), EngineSettings())
    samples = gather(engine, source, settings or GatherSettings(), progress)
    engine.close()
    assert card.config.ranker is not None
    network.ranker = fitted(samples, card.config.ranker, card.config.mask_decoder.granularities)
    trained = {**card.trained, "ranker": {"prompts": len(samples.ious), "pack": source.sha256()}}
    return save_checkpoint(network, replace(card, trained=trained), out)


def with_ranker(weights: Path) -> tuple[SemanticSam, CheckpointCard]:
    """The network of a checkpoint with a ranker that nobody fitted yet, and its card."""
    network, card, _ = load_checkpoint(weights)
    config = replace(card.config, ranker=card.config.ranker or RankerConfig())
    fresh = SemanticSam(config).eval().requires_grad_(False)
    state = {name: value for name, value in network.state_dict().items() if not name.startswith("ranker.")}
    fresh.load_state_dict(fresh.state_dict() | state)
    return fresh, replace(card, config=config)


def main() -> None:
    """Command line."""
    from rich.progress import Progress

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--pack", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--images", type=int, default=GatherSettings.images)
    given = parser.parse_args()
    with Progress() as bar:
        task = bar.add_task("asking", total=given.images)
        settings = GatherSettings(images=given.images)
        show: Callable[[int, int], None] = lambda done, images: bar.update(task, completed=done, total=images)  # noqa: E731
        version = rank_weights(given.weights, open_source(given.pack), given.out, settings, show)
    print(f"weights {version}: {given.out}")


if __name__ == "__main__":
    run(main)

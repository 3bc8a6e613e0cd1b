"""What is timed: the published Swin-T with weights that anyone can make again, and a photo of any size."""

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from semsam_annotate.api import RgbImage, Vocabulary
from semsam_annotate.model.checkpoints.published_names import published_name
from semsam_annotate.model.checkpoints.weights import CheckpointCard
from semsam_annotate.model.config import TextConfig, swin_tiny
from semsam_annotate.model.engine.loaded import LoadedModel
from semsam_annotate.model.engine.local import LocalEngine
from semsam_annotate.model.engine.settings import EngineSettings
from semsam_annotate.model.network import SemanticSam

ROOT = Path(__file__).resolve().parent.parent
WORDS = Vocabulary([f"object {number}" for number in range(25)], [f"part {number}" for number in range(25)])


def published_engine() -> LocalEngine:
    """Swin-T with the regenerated weights of the parity tests and a text tower, for 50 words."""
    spec = importlib.util.spec_from_file_location("weights", ROOT / "tests/parity/weights.py")
    assert spec is not None
    assert spec.loader is not None
    rule = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(rule)
    config = replace(swin_tiny(), text=TextConfig())
    network = SemanticSam(config).eval().requires_grad_(False)
    state = network.state_dict()
    for name, old in state.items():
        published = published_name(name)
        made = None if published is None else rule.made_weight(published, tuple(old.shape))
        state[name] = old if made is None else torch.from_numpy(made)
    network.load_state_dict(state)
    card = CheckpointCard(config, (3, 5, 2, 1, 4, 6), WORDS.objects, WORDS.parts)
    model = LoadedModel(network, card, "regenerated", torch.device("cpu"))
    return LocalEngine(lambda: model, EngineSettings())


def photo(width: int, height: int) -> RgbImage:
    from skimage import data

    return np.asarray(Image.fromarray(data.astronaut()).resize((width, height)))

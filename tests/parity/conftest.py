"""The recorded cases: c2 and c10 of this repository, the others where $SEMSAM_REFERENCE points."""

import importlib.util
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from semsam_annotate.model.checkpoints.published_names import published_name
from semsam_annotate.model.config import ModelConfig, swin_large, swin_tiny
from semsam_annotate.model.network import SemanticSam

HERE = Path(__file__).resolve().parent
FIXTURES = HERE.parent / "fixtures" / "parity"


def _module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"parity_{name}", HERE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


WEIGHTS, PICTURES = _module("weights"), _module("pictures")


@dataclass(frozen=True)
class Case:
    """One recorded run: its arrays, and the facts that the manifest has of it."""

    arrays: dict[str, np.ndarray]
    facts: dict[str, Any]

    @property
    def image(self) -> np.ndarray:
        made = self.facts["image"]
        return PICTURES.picture(made["h"], made["w"], made["seed"])


@pytest.fixture(scope="session")
def weights_rule() -> ModuleType:
    """How weights are made again."""
    return WEIGHTS


@pytest.fixture(scope="session")
def pictures_rule() -> ModuleType:
    """How images and masks are made again."""
    return PICTURES


@pytest.fixture(scope="session")
def reference() -> Path:
    """The folder of all recorded cases."""
    if "SEMSAM_REFERENCE" not in os.environ:
        pytest.skip("$SEMSAM_REFERENCE, the folder of the recorded cases, is not set")
    return Path(os.environ["SEMSAM_REFERENCE"]) / "parity"


@pytest.fixture
def case(request: pytest.FixtureRequest) -> Callable[[str], Case]:
    """A case by its file's name."""

    def read(name: str) -> Case:
        ours = FIXTURES / f"{name}.npz"
        folder = FIXTURES if ours.exists() else request.getfixturevalue("reference")
        facts = json.loads((folder / "manifest.json").read_text())["cases"][name]
        with np.load(folder / f"{name}.npz") as arrays:
            return Case(dict(arrays), facts)

    return read


@cache
def _network(size: str) -> SemanticSam:
    config: ModelConfig = {"swin-t": swin_tiny, "swin-l": swin_large}[size]()
    network = SemanticSam(config).eval()
    state = network.state_dict()
    for name, old in state.items():
        published = published_name(name)
        made = None if published is None else WEIGHTS.made_weight(published, tuple(old.shape))
        if made is not None:
            state[name] = torch.from_numpy(made)
    network.load_state_dict(state)
    return network


@pytest.fixture(scope="session")
def network_of() -> Callable[[str], SemanticSam]:
    """The published network with the regenerated weights, "swin-t" or "swin-l"."""
    return _network

"""The recorded cases: c2 and c10 of this repository, the others where $SEMSAM_REFERENCE points."""

import importlib.util
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from semsam_annotate.model.checkpoints.published_names import published_name
from semsam_annotate.model.config import ClipTextConfig, ModelConfig, swin_large, swin_tiny
from semsam_annotate.model.network import SemanticSam

HERE = Path(__file__).resolve().parent
FIXTURES = HERE.parent / "fixtures" / "parity"


def _module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"parity_{name}", HERE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


WEIGHTS, PICTURES, MEASURED = _module("weights"), _module("pictures"), _module("measured")
TABLE = pytest.StashKey[Any]()


@dataclass(frozen=True)
class Case:
    """One recorded run: its arrays, and the facts that the manifest has of it."""

    arrays: dict[str, np.ndarray]
    facts: dict[str, Any]

    @property
    def image(self) -> np.ndarray:
        made = self.facts["image"]
        return PICTURES.picture(made["h"], made["w"], made["seed"])


def pytest_configure(config: pytest.Config) -> None:
    config.stash[TABLE] = MEASURED.Measured()


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """The table of errors, for ``pytest -v tests/parity``."""
    table = config.stash.get(TABLE, None)
    if table is not None and table.rows and config.get_verbosity() >= 0:
        terminalreporter.section("errors against the recorded numbers")
        for line in table.table():
            terminalreporter.line(line)


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Any:
    """Where errors are held against tolerances."""
    return request.config.stash[TABLE]


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
    published: dict[str, ModelConfig] = {
        "swin-t": swin_tiny(),
        "swin-t with text": replace(swin_tiny(), clip_text=ClipTextConfig()),
        "swin-l": swin_large(),
    }
    config = published[size]
    network = SemanticSam(config).eval()
    state = network.state_dict()
    known = _network("swin-t").state_dict() if "text" in size else {}
    for name, old in state.items():
        published = published_name(name)
        made = None if published is None or name in known else WEIGHTS.made_weight(published, tuple(old.shape))
        if made is not None:
            state[name] = torch.from_numpy(made)
    network.load_state_dict({**state, **known})
    return network


@pytest.fixture(scope="module")
def network_of() -> Iterator[Callable[[str], SemanticSam]]:
    """The published network with the regenerated weights, "swin-t", "swin-t with text" or "swin-l"."""
    yield _network
    _network.cache_clear()  # more than a gigabyte, until the next file wants them

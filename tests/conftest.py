"""What every test shares: import order, threads, repeatable hypothesis runs, and the guard on the rooms' names."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("QT_API", "pyside6")

import pytest
import torch
import torchvision  # noqa: F401 (before the first viewer: it imports triton, which crashes once Mesa has drawn)
from hypothesis import HealthCheck, settings

torch.set_num_threads(max(2 // int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")), 1))

settings.register_profile(
    "default", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
settings.register_profile("stress", parent=settings.get_profile("default"), derandomize=False, max_examples=1000)
settings.load_profile("default")

ROOMS_BY_SHORT_NAME = {"model", "training", "backend"}


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session", autouse=True)
def rooms_by_their_import_names() -> Iterator[None]:
    """Fail at the end when a room was loaded by its folder's name: it would shadow other packages' modules."""
    yield
    loaded = sorted(ROOMS_BY_SHORT_NAME & sys.modules.keys())
    assert loaded == [], "imported by folder name instead of semsam_annotate.…"

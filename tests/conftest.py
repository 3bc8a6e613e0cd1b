"""What every test shares: import order, threads, repeatable hypothesis runs, and the guard on the rooms' names."""

import os
import sys
from pathlib import Path

os.environ.setdefault("QT_API", "pyside6")

import pytest
import torch
import torchvision  # noqa: F401 (before the first viewer: it imports triton, which crashes once Mesa has drawn)
from hypothesis import HealthCheck, settings

torch.set_num_threads(2)

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


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the run when a room was loaded by its folder's name: it would shadow other packages' modules."""
    loaded = sorted(ROOMS_BY_SHORT_NAME & sys.modules.keys())
    if loaded:
        print(f"\nimported by folder name instead of semsam_annotate.…: {', '.join(loaded)}", file=sys.stderr)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED

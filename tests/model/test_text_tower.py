"""The text tower: an embedding a name, whatever stands beside it and whoever asked before."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from semsam_annotate.model.config import TextConfig
from semsam_annotate.model.text.tower import TextTower

NAMES = st.lists(st.text(max_size=12), max_size=6)


@pytest.fixture(scope="module")
def tower():
    torch.manual_seed(0)
    return TextTower(TextConfig(), 8).eval()


@given(names=NAMES)
def test_a_name_is_embedded_alike_alone_and_among_others(tower, names):
    together = tower(names)
    assert together.shape == (len(names), 8)
    for name, row in zip(names, together, strict=True):
        torch.testing.assert_close(tower([name])[0], row)


def test_names_asked_for_by_an_engine_can_be_trained_on_next(tower):
    names = ["left front paw", "großes Rad"]
    with torch.inference_mode():
        seen = tower(names)
    learned = tower(names)
    learned.sum().backward()
    assert torch.equal(seen, learned)
    assert tower.embedding.weight.grad.abs().sum() > 0

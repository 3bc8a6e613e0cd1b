"""A ladder out of a store is read when somebody looks at it, and is what it was."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from semsam_annotate.api import BadInput, Ladder, Proposal

MASKS = hnp.arrays(bool, (5, 7), elements=st.booleans())


def rung(number, mask):
    shares = {"score": 0.5, "stability": 0.25, "part_probability": 0.75}
    return Proposal(id=f"p{number}", model="m", level=1 + number, box=(0, 0, 7, 5), mask=mask, **shares)


@given(masks=st.lists(MASKS, min_size=1, max_size=6))
def test_what_was_kept_is_the_ladder(masks):
    ladder = Ladder([rung(number, mask) for number, mask in enumerate(masks)])
    plain = json.loads(json.dumps(ladder.to_json()))
    assert Ladder.kept(plain).to_json() == plain
    assert Ladder.kept(plain) == ladder
    assert hash(Ladder.kept(plain)) == hash(ladder)


def test_damage_is_told_to_who_looks():
    plain = Ladder([rung(0, np.ones((5, 7), bool))]).to_json()
    plain[0]["mask"]["counts"] = "!"
    kept = Ladder.kept(plain)
    with pytest.raises(BadInput):
        len(kept)

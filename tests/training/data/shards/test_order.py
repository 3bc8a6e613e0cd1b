"""The order of a pass: any cut can be resumed, and the readers share every image."""

import json
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semsam_annotate.api import BadInput
from semsam_annotate.training.data.shards.order import EpochOrder, Part, Position

counts = st.lists(st.integers(1, 6), min_size=1, max_size=6)


@settings(max_examples=80, deadline=None)
@given(counts=counts, seed=st.integers(0, 2**32), cut=st.integers(0, 60), data=st.data())
def test_any_cut_resumes_exactly(counts, seed, cut, data):
    readers = data.draw(st.integers(1, sum(counts)))
    order = EpochOrder(counts, seed, Part(data.draw(st.integers(0, readers - 1)), readers))
    whole = list(islice(order.walk(), cut + 30))
    position = whole[cut - 1][2] if cut else order.start()
    restored = Position.from_json(json.loads(json.dumps(position.to_json())))
    assert list(islice(order.walk(restored), 30)) == whole[cut:]


@settings(max_examples=50, deadline=None)
@given(counts=counts, seed=st.integers(0, 2**32), epoch=st.integers(0, 3), data=st.data())
def test_readers_share_every_epoch(counts, seed, epoch, data):
    readers = data.draw(st.integers(1, sum(counts)))
    seen = []
    for number in range(readers):
        order = EpochOrder(counts, seed, Part(number, readers))
        mine = []
        for shard, index, after in order.walk(order.start(epoch)):
            mine.append((shard, index))
            if after.epoch > epoch:
                break
        assert abs(len(mine) - sum(counts) / readers) < 1
        seen += mine
    assert sorted(seen) == [(shard, index) for shard, count in enumerate(counts) for index in range(count)]


def test_epochs_and_seeds_differ_and_do_not_hang_together():
    counts = [7] * 9

    def one(seed, epoch):
        order = EpochOrder(counts, seed)
        return [place[:2] for place in islice(order.walk(order.start(epoch)), 63)]

    assert len({tuple(one(seed, epoch)) for seed in range(3) for epoch in range(3)}) == 9
    assert len({tuple(EpochOrder(counts, 0).samples(0, shard)) for shard in range(9)}) > 1


def test_positions_and_parts_that_cannot_be_are_named():
    order = EpochOrder([3, 4], part=Part.of_worker(1, 2, 0, 1))
    for position in (EpochOrder([3, 4]).start(), Position(0, 2, 0), Position(0, 0, 9), Position(-1, 0, 0)):
        with pytest.raises(BadInput, match="as many processes"):
            next(order.walk(position))
    for wrong in ({}, [], {"epoch": 0, "shard": 1, "sample": "x"}, {"epoch": 0, "shard": True, "sample": 0}):
        with pytest.raises(BadInput, match="position"):
            Position.from_json(wrong)
    for rank, ranks, worker, workers in ((2, 2, 0, 1), (0, 1, 1, 1), (-1, 1, 0, 1)):
        with pytest.raises(BadInput, match="does not exist"):
            Part.of_worker(rank, ranks, worker, workers)
    with pytest.raises(BadInput, match="take fewer"):
        EpochOrder([2], part=Part(0, 3))

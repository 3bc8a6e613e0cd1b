"""Label Studio's brush masks: every mask comes back, the recorded bytes come out, damage is refused."""

import contextlib
import time
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from semsam_annotate.api import BadInput
from semsam_annotate.backend.label_studio import brush_rle
from semsam_annotate.backend.label_studio.brush_rle import decode_brush, encode_brush

MASKS = hnp.arrays(bool, st.tuples(st.integers(1, 40), st.integers(1, 40)))


@given(MASKS)
def test_every_mask_comes_back(mask):
    encoded = encode_brush(mask)
    assert (decode_brush(encoded, *mask.shape) == mask).all()
    assert all(0 <= byte <= 255 for byte in encoded)


@pytest.mark.parametrize("shape", [(1, 1), (1, 16384), (16385, 1), (300, 700)])
@pytest.mark.parametrize("fill", [False, True])
def test_runs_longer_than_one_code_are_split(shape, fill):
    mask = np.full(shape, fill)
    assert (decode_brush(encode_brush(mask), *shape) == mask).all()


def test_recorded_bytes(accepted_shapes):
    assert encode_brush(np.array([[False, False], [True, False]])) == accepted_shapes["rle_2x2"]["rle"]
    assert encode_brush(np.array([[True]])) == accepted_shapes["rle_1x1_255"]["rle"]


def test_literal_runs_are_read():
    bits = f"{16:032b}" + "00111" + "0010001101111111"
    bits += "0" + "01" + f"{7:04b}" + "".join(f"{value:08b}" for value in (1, 2, 3, 255, 9, 9, 9, 127))
    bits += "1" + "00" + f"{7:03b}" + f"{255:08b}"
    bits += "0" * (-len(bits) % 8)
    stream = [int(bits[place : place + 8], 2) for place in range(0, len(bits), 8)]
    assert decode_brush(stream, 2, 2).tolist() == [[True, False], [True, True]]


def test_a_megapixel_takes_milliseconds():
    rows, columns = np.mgrid[:1024, :1024]
    mask = np.hypot(rows - 500, columns - 500) < 300
    begin = time.perf_counter()
    decode_brush(encode_brush(mask), 1024, 1024)
    assert time.perf_counter() - begin < 0.25


@given(MASKS, st.data())
@settings(max_examples=200)
def test_damage_is_bad_input_or_another_mask(mask, data):
    encoded = encode_brush(mask)
    place = data.draw(st.integers(0, len(encoded) - 1))
    encoded[place] = data.draw(st.integers(0, 255))
    damaged = encoded[: data.draw(st.integers(0, len(encoded)))]
    with contextlib.suppress(BadInput):
        assert decode_brush(damaged, *mask.shape).shape == mask.shape


@pytest.mark.parametrize(
    "stream", [None, 5, 10**15, "abc", [], [0, 1, 2], [256] * 9, [-1] * 9, [None] * 9, [0] * 9, [255] * 99]
)
def test_what_is_no_stream_is_bad_input(stream):
    with pytest.raises(BadInput):
        decode_brush(stream, 2, 2)


def test_a_claimed_size_allocates_nothing():
    stream = encode_brush(np.ones((2, 2), bool))
    stream[:4] = [255] * 4
    with pytest.raises(BadInput, match="not one of"):
        decode_brush(stream, 2, 2)


def test_a_stream_longer_than_any_of_its_size_is_refused_unread():
    stream = encode_brush(np.ones((2, 2), bool)) + [0] * 100_000
    with pytest.raises(BadInput, match="at most"):
        decode_brush(stream, 2, 2)


def test_the_dearest_stream_is_read():
    """A run of its own for every byte, with the longest length there is."""
    bits = f"{64:032b}" + "00111" + "0010001101111111" + ("111" + f"{0:016b}" + f"{255:08b}") * 64
    stream = [int(bits[place : place + 8].ljust(8, "0"), 2) for place in range(0, len(bits), 8)]
    assert decode_brush([*stream, 0], 4, 4).all()


def test_windows_are_made_many_at_once(monkeypatch):
    made, windows = [], brush_rle._windows
    monkeypatch.setattr(brush_rle, "_windows", lambda data, first: made.append(first) or windows(data, first))
    mask = np.random.default_rng(0).random((100, 100)) > 0.5
    stream = encode_brush(mask)
    assert (decode_brush(stream, *mask.shape) == mask).all()
    assert len(made) <= len(stream) // 500 + 1


@pytest.mark.parametrize("literal", [True, False])
def test_reading_takes_little_memory(literal):
    """The pixels four bytes each, one byte a number, and what they are made into."""
    mask = np.random.default_rng(0).random((512, 512)) > 0.5
    stream = literally(mask) if literal else encode_brush(mask)
    tracemalloc.start()
    try:
        decoded = decode_brush(stream, *mask.shape)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (decoded == mask).all()
    assert peak < 6 * mask.size + 2 * len(stream)


def literally(mask):
    """The same mask in literal runs of 65,536 bytes."""
    flat = np.repeat(mask.ravel(), 4).astype(np.uint8) * 255
    bits = f"{flat.size:032b}" + "00111" + "0010001101111111"
    for place in range(0, flat.size, 1 << 16):
        piece = flat[place : place + (1 << 16)]
        bits += "011" + f"{piece.size - 1:016b}" + "".join(np.unpackbits(piece).astype(str))
    return [int(bits[place : place + 8].ljust(8, "0"), 2) for place in range(0, len(bits), 8)]


def test_a_mask_needs_pixels():
    for wrong in (np.zeros((0, 3), bool), np.zeros(3, bool)):
        with pytest.raises(BadInput):
            encode_brush(wrong)

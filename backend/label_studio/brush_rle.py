"""Label Studio's run-length encoding of brush masks: a bit stream over RGBA bytes.

32 bits count of bytes (height * width * 4, row-major); 5 bits word size - 1 (8 bits); four times 4 bits run size - 1
(3, 4, 8, 16 bits); then runs: 1 bit flag (1 run of one value, 0 literal values), 2 bits index of the run size, length
- 1 in that many bits, 8 bits a value; padded with 1 to 8 zero bits. Only the alpha byte says what belongs to the mask.
"""

import numpy as np
from numpy.typing import NDArray

from semsam_annotate.api import BadInput, Mask

RUN_SIZES = (3, 4, 8, 16)
_HEADER = 0b00111_0010_0011_0111_1111
_HEADER_BITS, _COUNT_BITS, _LONGEST = 21, 32, 1 << 16
_DEAREST, _PADDING = 3 + 16 + 8, 8
"""Bits of a run of one byte, the most that a byte can cost; bytes that may follow the last run."""
_WINDOW = 48
"""Bits read at once from a byte on: enough for 7 bits of offset, a header of 19 bits and a value of 8."""
_AT_ONCE = 512
"""Bytes whose windows are made together: far quicker than one by one, and small beside any image."""


def encode_brush(mask: Mask) -> list[int]:
    """Encode a (H, W) bool mask: 255 in all four channels inside, 0 outside."""
    if mask.ndim != 2 or mask.size == 0:
        raise BadInput(f"a mask has two axes (height, width) and a pixel, this one has shape {mask.shape}")
    lengths, inside = _runs(np.ascontiguousarray(mask).ravel())
    codes, widths = _codes(lengths, inside)
    head = (mask.size * 4) << _HEADER_BITS | _HEADER
    width = _COUNT_BITS + _HEADER_BITS
    bits = np.concatenate([_as_bits(np.array([head]), np.array([width])), _as_bits(codes, widths)])
    padding = 8 - bits.size % 8  # 1 to 8: an aligned stream gets a whole extra byte
    packed: list[int] = np.packbits(np.concatenate([bits, np.zeros(padding, np.uint8)])).tolist()
    return packed


def _runs(flat: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Lengths in bytes, none longer than 65,536, and whether each run is inside."""
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    starts = np.concatenate([[0], changes])
    lengths = np.diff(np.concatenate([starts, [flat.size]])) * 4
    pieces = (lengths + _LONGEST - 1) // _LONGEST
    split = np.full(int(pieces.sum()), _LONGEST, dtype=np.int64)
    split[np.cumsum(pieces) - 1] = lengths - (pieces - 1) * _LONGEST
    return split, np.repeat(flat[starts], pieces)


def _codes(lengths: NDArray[np.int64], inside: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The bits of every run as one number, and how many bits it has."""
    index = np.searchsorted([1 << size for size in RUN_SIZES], lengths)
    sizes = np.array(RUN_SIZES)[index]
    head = (0b100 | index) << sizes | (lengths - 1)
    return head << 8 | np.where(inside, 255, 0), 3 + sizes + 8


def _as_bits(codes: NDArray[np.int64], widths: NDArray[np.int64]) -> NDArray[np.uint8]:
    """The bits of numbers one after the other, each ``width`` long, most significant first."""
    ends = np.cumsum(widths)
    places = np.repeat(ends - 1, widths) - np.arange(ends[-1])
    return ((np.repeat(codes, widths) >> places) & 1).astype(np.uint8)


def decode_brush(rle: list[int], height: int, width: int) -> Mask:
    """Decode to a (height, width) bool mask: True where alpha is at least 128.

    BadInput when the stream is damaged, not of that size or longer than any of that size; nothing is allocated for a
    size it only claims.
    """
    count = height * width * 4
    data = _stream(rle, count)
    if int.from_bytes(data[:4], "big") != count:
        raise BadInput(f"the brush mask is not one of {width}x{height} pixels (width x height)")
    sizes = [_read(data, _COUNT_BITS + 5 + 4 * place, 4) + 1 for place in range(4)]
    if _read(data, _COUNT_BITS, 5) != 7:
        raise BadInput("the brush mask's words do not have 8 bits")
    values = _decode_runs(data, sizes, count)
    return values.reshape(height, width, 4)[:, :, 3] >= 128


def _stream(rle: list[int], count: int) -> bytes:
    most = (_COUNT_BITS + _HEADER_BITS + _DEAREST * count) // 8 + _PADDING
    if isinstance(rle, list) and len(rle) > most:
        raise BadInput(f"the brush mask has {len(rle)} bytes, one of its size needs {most} at most")
    try:
        data = bytes(rle if isinstance(rle, list) else [None])
    except (TypeError, ValueError) as error:
        raise BadInput("a brush mask is a list of numbers 0 to 255") from error
    if len(data) < 8:
        raise BadInput(f"a brush mask has at least 8 bytes, not {len(data)}")
    return data


def _read(data: bytes, position: int, size: int) -> int:
    """``size`` bits from a bit on, zeros behind the end."""
    first, last = position >> 3, (position + size + 7) >> 3
    window = int.from_bytes(data[first:last].ljust(last - first, b"\0"), "big")
    return window >> (8 * last - position - size) & ((1 << size) - 1)


def _decode_runs(data: bytes, sizes: list[int], count: int) -> NDArray[np.uint8]:
    """``count`` bytes from the runs; the loop is over runs, never over pixels, and only they touch memory."""
    values, end = np.zeros(count, np.uint8), len(data) * 8
    position, filled = _COUNT_BITS + _HEADER_BITS, 0
    first, windows = 0, _windows(data, 0)
    while filled < count:
        if position + 3 > end:
            raise BadInput("the brush mask ends before its pixels are complete")
        if (position >> 3) - first >= _AT_ONCE:
            first = position >> 3
            windows = _windows(data, first)
        window, shift = windows[(position >> 3) - first], _WINDOW - (position & 7)
        size = sizes[window >> (shift - 3) & 3]
        length = (window >> (shift - 3 - size) & ((1 << size) - 1)) + 1
        run = window >> (shift - 1) & 1
        position += 3 + size
        bits_of_values = 8 if run else 8 * length
        begin, filled = filled, filled + length
        if position + bits_of_values > end or filled > count:
            raise BadInput("the brush mask is damaged: its runs do not fill its pixels exactly")
        if not run:
            literal = _read(data, position, bits_of_values).to_bytes(length, "big")
            values[begin:filled] = np.frombuffer(literal, np.uint8)
        elif value := window >> (shift - 3 - size - 8) & 255:
            values[begin:filled] = value
        position += bits_of_values
    return values


def _windows(data: bytes, first: int) -> list[int]:
    """The 48 bits from a byte on, for ``_AT_ONCE`` bytes, zeros behind the end."""
    wide = _AT_ONCE + _WINDOW // 8
    padded = np.frombuffer(data[first : first + wide].ljust(wide, b"\0"), np.uint8).astype(np.int64)
    joined = np.zeros(_AT_ONCE, np.int64)
    for place in range(_WINDOW // 8):
        joined |= padded[place : place + _AT_ONCE] << (_WINDOW - 8 - 8 * place)
    listed: list[int] = joined.tolist()
    return listed

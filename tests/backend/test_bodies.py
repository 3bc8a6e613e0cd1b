"""Bodies are read as JSON objects, whatever their text holds."""

import json

import pytest

from semsam_annotate.api import BadInput
from semsam_annotate.backend.bodies import parse_object


@pytest.mark.parametrize("half", [rb"\ud83d", rb"\uDE00", b"\xed\xa0\xbd"], ids=["high", "low", "raw"])
def test_half_an_emoji_becomes_a_question_mark_wherever_it_stands(half):
    found = parse_object(b'{"task": {"na' + half + b'me": ["cup' + half + b'"]}}')
    assert found == {"task": {"na?me": ["cup?"]}}


@pytest.mark.parametrize("ascii", [True, False])
def test_whole_characters_stay(ascii):
    value = {"text": "Käfer 😀 日本", "nested": [{"😀": None}, 10**30, 1.5]}
    assert parse_object(json.dumps(value, ensure_ascii=ascii).encode()) == value


@pytest.mark.parametrize("body", [b"", b"[1]", b"{", b"\xff\xfe", b"[" * 100_000, b"null"])
def test_anything_else_is_refused(body):
    with pytest.raises(BadInput, match="the body is"):
        parse_object(body)

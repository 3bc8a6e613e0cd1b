"""Numbers and texts of records: numpy's are stored as plain ones, anything else is refused before it is stored."""

import json
from dataclasses import replace

import numpy as np
import pytest
from sqlalchemy import text

from semsam_annotate.annotations import ImageRef
from semsam_annotate.annotations.record import Annotation
from semsam_annotate.annotations.upkeep.checking import check
from semsam_annotate.api import BadInput


def test_numpys_numbers_are_stored_as_plain_ones(store, image, propose):
    facts = {"level": np.int64(3), "clicks": np.uint8(2), "edits": np.int32(1), "rung": np.int64(0)}
    large = ImageRef(image.sha256, image.path, np.int64(image.height), np.uint16(image.width))
    made = store.accept(large, mask=propose().mask, score=np.float32(0.5), seconds=np.float64(1.5), **facts)
    for record in (made, store.get(made.id)):
        assert Annotation.from_json(json.loads(json.dumps(record.to_json()))) == record
        assert {name: getattr(record, name) for name in facts} == {"level": 3, "clicks": 2, "edits": 1, "rung": 0}
        assert (record.score, record.seconds, record.image) == (0.5, 1.5, image)
    assert check(store) == []
    stack = ImageRef("f" * 64, "stack.tif", image.height, image.width)
    made = store.accept(stack, mask=propose().mask, plane=(np.int64(1), 2))
    assert store.get(made.id).plane == (1, 2)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("clicks", 1.5), ("level", 2.5), ("clicks", "2"), ("clicks", True), ("edits", np.bool_(True)),
        ("seconds", "1"), ("score", "good"), ("score", np.bool_(False)), ("object", 3), ("part_of", object()),
        ("track", b"t"), ("author", 7), ("ladder", []), ("prompt", {"points": []}), ("source", "system"), ("plane", 3),
        ("plane", ("z",)), ("proposed_mask", "rle"),
    ],
)  # fmt: skip
def test_what_is_of_another_type_is_refused_by_name_and_nothing_is_stored(store, image, propose, field, value):
    with pytest.raises(BadInput, match=field.partition("_")[0]):
        store.accept(image, mask=propose().mask, **{field: value})
    assert store.annotations() == []


def test_an_image_that_is_no_reference_is_refused(store, propose):
    with pytest.raises(BadInput, match="image cannot be"):
        store.accept("a.png", propose())
    with pytest.raises(BadInput, match="height"):
        ImageRef("0" * 64, "a.png", 1.5, 3)


def test_what_an_older_version_stored_as_bytes_is_found(store, image, propose):
    if store.engine.dialect.name != "sqlite":
        pytest.skip("a server keeps to the types of its columns")
    store.accept(image, mask=propose().mask)
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE annotation SET clicks = x'02'"))
        connection.execute(text("UPDATE image SET width = x'3c'"))
    kinds = {problem.kind for problem in check(store)}
    assert {"masks with a number that is none", "images with a side that is no number"} <= kinds


def test_records_that_were_read_keep_their_type_through_a_copy(store, image, propose):
    made = store.accept(image, mask=propose().mask, clicks=2)
    assert replace(made).plain() == made

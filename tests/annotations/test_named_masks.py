"""The accepted masks that an engine is to remember: all that have a name, as they are now."""

import numpy as np
import pytest
from PIL import Image

from semsam_annotate.annotations import Project, named_masks
from semsam_annotate.api import BadInput, Ladder, decode_rle, encode_rle


@pytest.fixture
def project(tmp_path):
    photo = np.full((40, 60, 3), 90, np.uint8)
    Image.fromarray(photo).save(tmp_path / "photo.png")
    with Project.create(tmp_path / "project", objects=["ship"], parts={"mast": ["ship"]}) as made:
        yield made, made.ref(tmp_path / "photo.png", photo), photo


def square(size):
    mask = np.zeros((40, 60), bool)
    mask[5 : 5 + size, 5 : 5 + size] = True
    return encode_rle(mask)


def test_they_are_what_is_accepted_and_named(project):
    made, ref, photo = project
    ship = made.store.accept(ref, mask=square(20), object="ship")
    mast = made.store.accept(ref, mask=square(8), object="ship", part="mast", kind="part")
    made.store.accept(ref, mask=square(3))
    made.store.accept(ref, mask=square(4), object="ship", plane=(2,))
    gone = made.store.accept(ref, mask=square(5), object="ship")
    made.store.delete(gone.id)
    newer = made.store.supersede(ship.id, mask=square(21))
    found = named_masks(made)
    assert [(one.id, one.object, one.part) for one in found] == [(mast.id, "ship", "mast"), (newer.id, "ship", None)]
    assert [one.mask() for one in found] == [square(8), square(21)]
    assert {one.image for one in found} == {ref.sha256}
    assert np.array_equal(found[0].read(), photo)


def test_ladders_are_not_read_for_it(project, propose, monkeypatch):
    """With 10,000 of them that takes seconds, after every submission."""
    made, ref, _ = project
    rungs = Ladder([propose(mask=decode_rle(square(size)), box=(5, 5, 25, 25)) for size in (8, 20)])
    made.store.accept(ref, rungs[1], object="ship", ladder=rungs)
    assert made.store.annotations()[0].ladder == rungs
    monkeypatch.setattr(Ladder, "from_json", lambda _: pytest.fail("a ladder was read"))
    assert len(named_masks(made)) == 1


def test_a_mask_that_is_not_there_is_said(project):
    with pytest.raises(BadInput, match="no annotation nobody"):
        project[0].store.mask("nobody")

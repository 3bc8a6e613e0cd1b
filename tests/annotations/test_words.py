"""Names of people and what they say: blanks are nobody, and what no database holds is refused in one line."""

import numpy as np
import pytest

from semsam_annotate.annotations.people.conflicts import choose, conflicts
from semsam_annotate.annotations.people.history import history
from semsam_annotate.annotations.people.reviews import reviewed, set_reviews
from semsam_annotate.annotations.reviewing import APPROVED
from semsam_annotate.annotations.upkeep.forgetting import forget
from semsam_annotate.api import BadInput
from semsam_annotate.cli.project.options import me

BAD = "caf\udce9"
"""A word of a Latin-1 terminal, as the system hands it over."""


def box(x0, y0, x1, y1):
    mask = np.zeros((24, 32), bool)
    mask[y0:y1, x0:x1] = True
    return mask


def test_what_cannot_be_stored_is_refused_by_name(project, image):
    store = project.store
    car = store.accept(image, mask=box(0, 0, 20, 20), object="car", author="ann")
    for call in (
        lambda: set_reviews(store, [car.id], APPROVED, "ben", BAD),
        lambda: set_reviews(store, [car.id], APPROVED, BAD),
        lambda: reviewed(store, author=BAD),
        lambda: history(store, BAD),
        lambda: choose(store, BAD),
        lambda: forget(project, BAD),
        lambda: store.states.tell(image, "done", BAD),
    ):
        with pytest.raises(BadInput, match=r"'caf\\udce9' has a character that cannot be stored"):
            call()
    assert store.get(car.id).review is None


def test_blanks_are_nobody_and_names_are_trimmed(store, image):
    made = [store.accept(image, mask=box(0, 0, 20, 20), author=name).author for name in (" ann ", "", " \t", None)]
    assert made == ["ann", None, None, None]
    assert [me(name) for name in (" ann ", "", "  ")] == ["ann", None, None]
    assert list(conflicts(store)) == []


def test_whatever_is_listed_as_a_conflict_can_be_settled(store, image):
    first, second = (store.accept(image, mask=box(0, 0, 20, 20), author=author) for author in ("ann", "ben"))
    with store.engine.begin() as raw:
        raw.exec_driver_sql("UPDATE annotation SET author = '' WHERE author = 'ann'")  # as older versions wrote it
    (found,) = conflicts(store)
    assert {mask.id for mask in found.masks} == {first.id, second.id}
    assert choose(store, second.id) == [first.id]

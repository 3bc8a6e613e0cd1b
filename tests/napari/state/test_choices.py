"""Names and parent chosen for a mask belong to that mask alone."""

from semsam_annotate.napari.state.labels import LabelChoice
from semsam_annotate.napari.state.session import AUTOMATIC

PART = (70.0, 60.0)
"""(x, y) in the scene: the dark part."""


def test_names_and_parent_chosen_for_a_mask_go_with_it(session, picture):
    session.click(PART)
    session.show_rung(2)
    whole = session.accept()
    for leave in (session.drop, lambda: session.open(picture)):
        session.click(PART)
        session.label("dog", "")
        session.choose_parent(whole.id)
        leave()
        session.click(PART)
        assert session.choice == LabelChoice("car", "")
        assert session.parent == AUTOMATIC


def test_a_parent_chosen_stays_when_it_is_renamed_and_goes_when_it_is_deleted(session, editing):
    session.click(PART)
    session.show_rung(2)
    whole = session.accept()
    session.click(PART)
    session.label("car", "wheel")
    session.choose_parent(whole.id)
    editing.rename(whole.id, "bus", "")
    (whole,) = session.accepted
    assert session.accept().part_of == whole.id
    session.click(PART)
    session.choose_parent(whole.id)
    editing.delete([whole.id])
    assert session.parent == AUTOMATIC

"""The tree of masks shows what it would show if it were filled anew, however it got there."""

import random
from types import SimpleNamespace

import numpy as np
import pytest

from semsam_annotate.api import encode_rle
from semsam_annotate.napari.state.accepted import AcceptedMask
from semsam_annotate.napari.state.outline import outline
from semsam_annotate.napari.widgets.mask_rows import MaskRow, mask_rows, only_additions
from semsam_annotate.napari.widgets.mask_tree import MaskTree


def row(id, parent=None, **facts):
    return MaskRow(id, parent, **{"text": id, "tip": "", "colour": None, "hidden": False, "locked": False, **facts})


def ordered(rows):
    """By id, every line behind the one it hangs under."""
    listed, waiting = {}, [one for one in rows if one.parent is None][::-1]
    while waiting:
        one = waiting.pop()
        listed[one.id] = one
        waiting += [child for child in rows if child.parent == one.id][::-1]
    return listed


def shape(tree):
    return [(item.text(0), item.text(1), item.parent() and item.parent().text(0)) for item in tree.items()]


@pytest.mark.parametrize(
    ("old", "new", "added"),
    [
        ("a b", "a b c", True),
        ("a b", "a c b", False),
        ("a b", "a", False),
        ("a b", "b a", False),
        ("", "a", True),
    ],
)
def test_lines_at_the_end_are_additions(old, new, added):
    rows = [{id: row(id) for id in ids.split()} for ids in (old, new)]
    assert only_additions(*rows) == added


def test_a_line_under_another_parent_is_no_addition():
    old = ordered([row("a"), row("b"), row("c", "a")])
    assert only_additions(old, ordered([*old.values(), row("d", "a")]))
    assert not only_additions(old, ordered([row("a"), row("b"), row("c", "b")]))


def test_any_changes_show_what_a_fresh_tree_shows(qtbot):
    rng, tree, rows = random.Random(3), MaskTree(), []
    qtbot.addWidget(tree)
    for step in range(150):
        if rng.random() < 0.6 or not rows:
            parent = rng.choice([None, *(one.id for one in rows)])
            rows.append(row(f"m{step}", parent, locked=rng.random() < 0.2))
        elif rng.random() < 0.5:
            gone = rng.choice(rows).id
            rows = [one for one in rows if one.id != gone]
            known = {one.id for one in rows}
            rows = [row(one.id, one.parent if one.parent in known else None) for one in rows]
        else:
            place = rng.randrange(len(rows))
            rows[place] = row(rows[place].id, rows[place].parent, text=f"named {step}")
        selected = [one.id for one in rows if rng.random() < 0.2]
        tree.show_rows(ordered(rows), selected)
        fresh = MaskTree()
        fresh.show_rows(ordered(rows), selected)
        assert shape(tree) == shape(fresh)
        assert {item.data(0, 0x0100) for item in tree.selectedItems()} == set(selected)
        fresh.deleteLater()


def test_a_line_tells_what_a_reviewer_said():
    words = {"0": None, "1": "approved", "2": "changes requested", "3": "of another tool"}
    pixel = encode_rle(np.ones((1, 1), bool))
    remark = "name: dog (93%, car 2%)"
    masks = [
        AcceptedMask(id, id, pixel, "car", None, None, 0.5, review=said, remark=remark if id == "2" else None)
        for id, said in words.items()
    ]
    rows = mask_rows(outline(masks), {}, SimpleNamespace(hidden=set(), locked=set()))
    assert [row.text for row in rows.values()] == ["car", "car ✓", "car – to change", "car"]
    assert all((words[row.id] or "") in row.tip for row in rows.values())
    assert [row.id for row in rows.values() if row.tip.endswith(f"; changes requested: {remark}")] == ["2"]

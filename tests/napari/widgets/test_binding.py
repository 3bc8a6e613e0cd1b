"""The binding that crashes is named, others are not; the one the tests use keeps its references."""

import sys

import pytest
from qtpy.QtWidgets import QTreeWidgetItem

from semsam_annotate.napari.widgets.binding import warning


@pytest.mark.parametrize(
    ("api", "version", "python", "warned"),
    [
        ("PySide6", "6.12.0", (3, 11, 7), True),
        ("PySide6", "6.12.0", (3, 12, 0), False),
        ("PySide6", "6.11.3", (3, 11, 7), False),
        ("PyQt6", "6.12.0", (3, 11, 7), False),
    ],
)
def test_only_the_binding_that_crashes_is_named(api, version, python, warned):
    assert bool(warning(api, version, python)) == warned


def test_this_binding_keeps_references_to_none():
    assert warning() == ""
    item, before = QTreeWidgetItem(["mask"]), sys.getrefcount(None)
    for _ in range(200):
        item.setToolTip(0, "mask")
    assert sys.getrefcount(None) > before - 100

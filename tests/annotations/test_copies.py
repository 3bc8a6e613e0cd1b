"""Copies of a store where they cannot be written: one line that names the copy, and nothing that looks like one."""

from pathlib import Path

import numpy as np
import pytest

from semsam_annotate.annotations import StoreUnavailable
from semsam_annotate.annotations.upkeep.backup import back_up
from semsam_annotate.annotations.upkeep.checking import check
from semsam_annotate.annotations.upkeep.repairing import repair


@pytest.fixture
def filled(other, image):
    """A project whose store is larger than what the full disk takes, and whose sums are wrong."""
    noise = np.random.default_rng(0).random((image.height, image.width)) > 0.5
    for _ in range(40):
        other.store.accept(image, mask=noise, object="bus")
    with other.store.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM tally")
    return other


def test_a_backup_on_a_full_disk_is_told_by_its_name_and_leaves_nothing(filled, tmp_path, full_disk):
    out = tmp_path / "disk" / "copy"
    out.parent.mkdir()
    with full_disk(30_000), pytest.raises(StoreUnavailable) as caught:
        back_up(filled, out)
    assert str(caught.value).startswith(f"{out} cannot be written: ")
    assert "\n" not in str(caught.value)
    assert list(out.parent.iterdir()) == []
    assert back_up(filled, out).is_file()


def test_a_copy_before_a_repair_on_a_full_disk_leaves_nothing_and_mends_nothing(filled, tmp_path, full_disk):
    found, copy = check(filled.store), tmp_path / "disk" / "before.sqlite"
    copy.parent.mkdir()
    with full_disk(30_000), pytest.raises(StoreUnavailable) as caught:
        repair(filled, copy, found)
    assert str(caught.value).startswith(f"{copy} cannot be written: ")
    assert list(copy.parent.iterdir()) == []
    assert check(filled.store) == found
    assert repair(filled, copy, found) == []
    assert [path.name for path in copy.parent.iterdir()] == ["before.sqlite"]


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs a folder in which nobody writes")
def test_a_copy_where_nobody_may_write_is_told_by_its_name(filled):
    for write in (lambda path: back_up(filled, path), lambda path: repair(filled, path, check(filled.store))):
        with pytest.raises(StoreUnavailable, match=r"^/proc/copy cannot be written: "):
            write(Path("/proc/copy"))

"""A backup that is put back is what the project holds then, whatever killed programs left beside the store."""

import shutil
import sqlite3
import subprocess
import sys
import warnings

import numpy as np
import pytest

from semsam_annotate.annotations import AnnotationStore, ImageRef, Project, StoreUnavailable, StoreWarning
from semsam_annotate.annotations.upkeep.backup import back_up
from semsam_annotate.annotations.upkeep.checking import check
from semsam_annotate.annotations.upkeep.restoring import restore
from semsam_annotate.api import BadInput

ACCEPTING = """
import os, signal, sys
import numpy as np
from semsam_annotate.annotations import AnnotationStore, ImageRef
store = AnnotationStore.open(sys.argv[1])
for number in range(60):
    store.accept(ImageRef("1" * 64, "later.png", 8, 8), mask=np.random.default_rng(number).random((8, 8)) > 0.5)
os.kill(os.getpid(), signal.SIGKILL)
"""

RESTORING = """
import os, signal, sys
from pathlib import Path
from semsam_annotate.annotations.upkeep import copying
from semsam_annotate.annotations.upkeep.restoring import restore
calls = 0
def die(done, total):
    global calls
    calls += 1
    if calls == int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)
copying.PAGES_AT_ONCE = 1
restore(Path(sys.argv[1]), Path(sys.argv[2]), die)
print(calls)
"""


def run(script, *arguments):
    return subprocess.run([sys.executable, "-c", script, *map(str, arguments)], capture_output=True, text=True)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A project and its backup of two masks, after which a class came and a program was killed that had added 60."""
    folder = tmp_path_factory.mktemp("killed")
    with Project.create(folder / "work", objects=["bus"]) as project:
        for number in range(2):
            project.store.accept(ImageRef("0" * 64, "a.png", 8, 8), mask=np.eye(8, k=number, dtype=bool))
        back_up(project, folder / "backup")
        project.add_classes(["later"])
    killed = run(ACCEPTING, folder / "work" / "annotations.sqlite")
    assert killed.returncode == -9, killed.stderr
    assert (folder / "work" / "annotations.sqlite-wal").stat().st_size > 0
    return folder


@pytest.fixture
def backup(made, tmp_path):
    return shutil.copytree(made / "backup", tmp_path / "backup")


@pytest.fixture
def work(made, tmp_path):
    return shutil.copytree(made / "work", tmp_path / "work")


def holds(folder):
    """How many masks, whether all is well, and the objects' names."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", StoreWarning)
        with Project.open(folder) as project:
            assert check(project.store) == []
            return len(project.store.annotations()), [item.name for item in project.config.objects]


OLD, NEW = (62, ["bus", "later"]), (2, ["bus"])


def test_the_log_of_a_killed_program_does_not_come_back(backup, work):
    done = restore(backup, work)
    assert holds(work) == NEW
    store, config = done.kept
    assert (store.parent, config.parent) == (work, work)
    with AnnotationStore.open(store) as before:
        assert len(before.annotations()) == 62
    assert "later" in config.read_text()
    again = restore(backup, work)
    assert again.kept != done.kept
    assert len(again.kept) == 1
    assert holds(work) == NEW
    hidden = [path.name for path in work.iterdir() if path.name.startswith(".")]
    assert hidden == [".project.lock"]


def test_a_backup_that_was_copied_over_by_hand_below_a_log_is_restored(backup, work):
    shutil.copy(backup / "annotations.sqlite", work)  # SQLite plays the log back into it
    restore(backup, work)
    assert holds(work) == NEW


@pytest.mark.parametrize("content", [None, b"", b"no database at all" * 500, "half"])
def test_a_store_that_is_lost_or_cannot_be_read_is_restored_and_kept(content, backup, work):
    file = work / "annotations.sqlite"
    was = file.read_bytes()[:9000] if content == "half" else content
    file.unlink()
    if was is not None:
        file.write_bytes(was)
        file.with_name("annotations.sqlite-wal").unlink()
    kept = restore(backup, work).kept
    assert holds(work) == NEW
    assert any(path.suffix == ".sqlite" for path in kept) == (was is not None)
    if was:
        assert [path.read_bytes() for path in kept if path.suffix == ".sqlite"] == [was]


def test_a_lost_project_comes_back_whole(backup, tmp_path):
    with pytest.raises(BadInput, match="there is no folder"):
        restore(backup, tmp_path / "new")
    (tmp_path / "new").mkdir()
    assert restore(backup, tmp_path / "new").kept == ()
    assert holds(tmp_path / "new") == NEW


def test_a_restore_that_is_killed_leaves_the_old_or_the_new(backup, work):
    steps = int(run(RESTORING, backup, _copied(work, "count"), 0).stdout)
    states = set()
    for step in range(1, steps + 1, max(1, steps // 4)):
        folder = _copied(work, str(step))
        assert run(RESTORING, backup, folder, step).returncode == -9
        states.add(holds(folder)[0])
        restore(backup, folder)
        assert holds(folder) == NEW
    assert 62 in states <= {62, 2}


def _copied(folder, name):
    return shutil.copytree(folder, folder.with_name(f"{folder.name}-{name}"))


DAMAGE = {
    "a page": lambda file: file.write_bytes(_zeroed(file.read_bytes(), 4096 * 5)),
    "half of it": lambda file: file.write_bytes(file.read_bytes()[:9000]),
    "all of it": lambda file: file.write_bytes(b"no database at all" * 500),
    "nothing in it": lambda file: file.write_bytes(b""),
    "another program's": lambda file: _made(file, "CREATE TABLE image (a)"),
    "a newer one": lambda file: _made(file, "INSERT INTO semsam_schema VALUES (99)", keep=True),
    "the file": lambda file: file.unlink(),
    "project.toml": lambda file: file.with_name("project.toml").write_text("store = 5"),
}


def _zeroed(content, start):
    return content[:start] + bytes(4096) + content[start + 4096 :]


def _made(file, statement, keep=False):
    if not keep:
        file.unlink()
    with sqlite3.connect(file) as connection:
        connection.execute(statement)


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_backup_that_is_not_whole_changes_nothing(damage, backup, work):
    DAMAGE[damage](backup / "annotations.sqlite")
    was = {path.name: path.read_bytes() for path in work.iterdir() if path.is_file()}
    with pytest.raises((BadInput, StoreUnavailable)) as caught:
        restore(backup, work)
    assert "\n" not in str(caught.value)
    assert {path.name: path.read_bytes() for path in work.iterdir() if path.is_file()} == was


def test_an_older_backup_is_brought_up_to_date_and_is_itself_left_alone(backup, work):
    file = backup / "annotations.sqlite"
    with sqlite3.connect(file) as connection:
        connection.execute("ALTER TABLE journal DROP COLUMN said")
        connection.execute("UPDATE semsam_schema SET version = 4")
    was = file.read_bytes()
    restore(backup, work)
    assert holds(work) == NEW
    assert file.read_bytes() == was
    assert sorted(path.name for path in backup.iterdir()) == ["annotations.sqlite", "project.toml"]


def test_a_backup_in_which_somebody_worked_is_restored_with_the_log_that_is_its_own(backup, work):
    assert run(ACCEPTING, backup / "annotations.sqlite").returncode == -9
    restore(backup, work)
    assert holds(work) == (62, ["bus"])
    with Project.open(backup) as opened:
        assert len(opened.store.annotations()) == 62
    assert [path.name for path in backup.iterdir() if path.name.endswith("-wal")] == []
    was = {path.name: path.read_bytes() for path in backup.iterdir()}
    restore(backup, work)  # now a file that wants a log, without one
    assert holds(work) == (62, ["bus"])
    assert {path.name: path.read_bytes() for path in backup.iterdir()} == was


def test_nothing_is_restored_below_a_program_that_has_the_store_open(backup, work):
    with Project.open(work) as working:
        count = len(working.store.annotations())
        with pytest.raises(BadInput, match="is open in another program"):
            restore(backup, work)
        assert len(working.store.annotations()) == count == 62
    assert list(work.glob("*before-restore*")) == []
    restore(backup, work)
    assert holds(work) == NEW


def test_a_full_disk_is_told_and_leaves_what_was_there(backup, work, full_disk):
    with full_disk(60_000), pytest.raises(StoreUnavailable, match="cannot be written"):
        restore(backup, work)
    assert list(work.glob("*before-restore*")) == []
    assert holds(work) == OLD


def test_a_store_elsewhere_stays_there_and_is_restored(tmp_path, image, propose):
    elsewhere = tmp_path / "elsewhere" / "masks.sqlite"
    elsewhere.parent.mkdir()
    with Project.create(tmp_path / "work", store=str(elsewhere)) as project:
        back_up(project, tmp_path / "backup")
        project.store.accept(image, propose(0))
    assert restore(tmp_path / "backup", tmp_path / "work").store == elsewhere
    with Project.open(tmp_path / "work") as project:
        assert (project.config.store, project.store.annotations()) == (str(elsewhere), [])


def test_a_server_restores_its_own_dumps_and_a_project_is_no_backup_of_itself(backup, work, postgres, tmp_path):
    with pytest.raises(BadInput, match="the project itself"):
        restore(work, work)
    Project.create(tmp_path / "served", store=postgres()).close()
    with pytest.raises(BadInput, match="pg_restore"):
        restore(backup, tmp_path / "served")

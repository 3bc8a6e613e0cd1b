"""A damaged store file: pages are named and need a backup, entries of indices are mended."""

import sqlite3

import pytest

from semsam_annotate.annotations import Project
from semsam_annotate.annotations.upkeep.backup import back_up
from semsam_annotate.annotations.upkeep.checking import check
from semsam_annotate.annotations.upkeep.file_damage import FILE
from semsam_annotate.annotations.upkeep.repairing import repair
from semsam_annotate.annotations.upkeep.restoring import restore


@pytest.fixture
def folder(other, image, propose):
    """Of a project with three masks, closed, beside its backup."""
    for number in range(3):
        other.store.accept(image, propose(number), object="bus")
    back_up(other, other.folder.with_name("backup"))
    other.close()
    return other.folder


def root_page(file, name):
    with sqlite3.connect(file) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (name,)).fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    connection.close()
    return page, size


@pytest.mark.parametrize(
    ("name", "told"), [("event_of", "{page}"), ("tally", "table tally"), ("annotation", "table annotation")]
)
def test_a_damaged_page_is_named_not_mended_and_replaced_by_a_backup(name, told, folder):
    file = folder / "annotations.sqlite"
    page, size = root_page(file, name)
    content = bytearray(file.read_bytes())
    content[(page - 1) * size : page * size] = bytes(size)
    file.write_bytes(content)
    with Project.open(folder) as project:
        found = check(project.store)
        damage = next(problem for problem in found if problem.kind == FILE)
        assert told.format(page=page) in damage.examples[0]
        assert not damage.repairable
        assert repair(project, folder / "copy.sqlite", found) == found
    assert not (folder / "copy.sqlite").exists()
    (kept,) = restore(folder.with_name("backup"), folder).kept
    assert kept.stat().st_size == len(content)
    with Project.open(folder) as project:
        assert check(project.store) == []
        assert len(project.store.annotations()) == 3


def change(file, statement, values=()):
    """One statement, by a connection of its own: which indices there are is read once."""
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA writable_schema = ON")
    rows = connection.execute(statement, values).fetchall()
    connection.close()
    return rows


def test_missing_entries_of_an_index_are_mended_after_a_copy(folder):
    file = folder / "annotations.sqlite"
    (index,) = change(file, "SELECT * FROM sqlite_master WHERE name = 'event_of'")
    change(file, "DELETE FROM sqlite_master WHERE name = 'event_of'")
    again = "SELECT annotation, name, value, time FROM event WHERE name = 'status' LIMIT 1"
    change(file, f"INSERT INTO event (annotation, name, value, time) {again}")
    change(file, "INSERT INTO sqlite_master VALUES (?, ?, ?, ?, ?)", index)
    with Project.open(folder) as project:
        found = check(project.store)
        assert [problem.repairable for problem in found if problem.kind == FILE] == [True]
        assert repair(project, folder / "copy.sqlite", found) == []
    assert (folder / "copy.sqlite").is_file()

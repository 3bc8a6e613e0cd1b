"""The SQLite files of a server: whoever else has an account on the machine does not read them."""

import os
from contextlib import closing

import pytest

from semsam_annotate.api import BadInput
from semsam_annotate.backend.label_studio.kept_file import open_kept

TABLES = "CREATE TABLE IF NOT EXISTS kept (value TEXT);"


@pytest.fixture(autouse=True)
def let_all_read():
    """The widest umask that a machine may have."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.parametrize("made_before", [False, True])
def test_what_a_server_keeps_is_read_by_its_owner_alone(tmp_path, made_before):
    path = tmp_path / "kept.sqlite"
    if made_before:
        path.touch(0o666)
    with closing(open_kept(path, TABLES)) as database:
        database.execute("INSERT INTO kept VALUES ('a token')")
        modes = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.iterdir()}
    assert modes == dict.fromkeys(["kept.sqlite", "kept.sqlite-shm", "kept.sqlite-wal"], 0o600)


def test_what_is_no_file_stays_as_it_is(tmp_path):
    mode = tmp_path.stat().st_mode
    with pytest.raises(BadInput, match="cannot be opened"):
        open_kept(tmp_path, TABLES)
    assert tmp_path.stat().st_mode == mode

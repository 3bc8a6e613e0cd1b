"""Lock files: one process at a time, whoever waits is told why, and a disk without locks is no other process."""

import errno
import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

from semsam_annotate.api import BadInput
from semsam_annotate.api.lock import held, is_held


def test_a_lock_is_held_once_and_let_go(tmp_path):
    path = tmp_path / "models" / ".lock"
    assert not is_held(path)
    with held(path, "busy"):
        assert is_held(path)
        with pytest.raises(BadInput, match=r"^busy$"), held(path, "busy", patience=0):
            pass
    assert not is_held(path)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows locks otherwise")
def test_a_disk_without_locks_is_said_at_once(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", refuse)
    with pytest.raises(BadInput, match="No locks available"), held(tmp_path / ".lock", "busy", patience=600):
        pass
    assert not is_held(tmp_path / ".lock")


@pytest.mark.skipif(sys.platform == "win32", reason="files have no owners' rights there")
def test_another_user_sees_who_holds_a_lock():
    """A server and a window under two users: whoever may read the file sees it, whoever may not never says "nobody"."""
    folder = Path(tempfile.mkdtemp())
    path = folder / "lock"
    user = os.geteuid()
    try:
        with held(path, "taken"):
            path.chmod(0o444)
            folder.chmod(0o755)
            if user == 0:
                os.seteuid(65534)
            assert is_held(path)
            os.seteuid(user)
            path.chmod(0)
            if user == 0:
                os.seteuid(65534)
            assert is_held(path)
    finally:
        os.seteuid(user)
        shutil.rmtree(folder)


@pytest.mark.skipif(sys.platform == "win32", reason="files have no owners' rights there")
def test_users_of_one_folder_take_turns_with_a_lock_that_one_of_them_made():
    folder = Path(tempfile.mkdtemp())
    path = folder / "lock"
    user = os.geteuid()
    try:
        with held(path, "taken"):
            pass
        path.chmod(0o444)
        folder.chmod(0o777)
        if user == 0:
            os.seteuid(65534)
        with held(path, "taken"):
            assert is_held(path)
    finally:
        os.seteuid(user)
        shutil.rmtree(folder)

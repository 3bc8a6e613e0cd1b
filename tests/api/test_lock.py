"""Lock files: one process at a time, whoever waits is told why, and a disk without locks is no other process."""

import errno
import sys

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

"""Files are complete or absent, seen by whom they may be, and nothing half written stays for ever."""

import os

import pytest

from semsam_annotate.annotations.files import clear_unfinished, write_atomically


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path, monkeypatch):
    write_atomically(tmp_path / "a.json", b"old")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_atomically(tmp_path / "a.json", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
    assert (tmp_path / "a.json").read_bytes() == b"old"


@pytest.mark.skipif(os.name != "posix", reason="needs modes of files")
def test_a_secret_is_never_readable_by_others(tmp_path, monkeypatch):
    modes, replace = [], os.replace

    def look(source, target):
        modes.append(source.stat().st_mode & 0o777)
        replace(source, target)

    monkeypatch.setattr(os, "replace", look)
    write_atomically(tmp_path / "secret", b"x", 0o600)
    assert modes == [0o600]
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600


def test_what_killed_writers_left_is_cleared_and_nothing_else(tmp_path):
    left, fresh = tmp_path / ".a.png.0123abcd", tmp_path / ".b.png.0123abcd"
    kept = [tmp_path / name for name in (".background.lock", "a.png", ".hidden", ".a.png.0123ABCD")]
    for path in (left, fresh, *kept):
        path.touch()
    os.utime(left, (0, 0))
    clear_unfinished(tmp_path, 3600)
    assert not left.exists()
    assert fresh.exists()
    clear_unfinished(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted(kept)
    clear_unfinished(tmp_path / "missing")

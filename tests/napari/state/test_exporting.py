"""An export is written beside the work, tells what came of it, and ends with the window."""

import threading

import numpy as np
import pytest

from semsam_annotate.napari.state.exporting import Exporting

FILES = ["coco.json", "parts.json"]


@pytest.fixture
def exporting(session):
    exporting = Exporting(session)
    yield exporting
    exporting.close()


@pytest.fixture
def held_up(ledger, monkeypatch):
    """Exports wait for the first image until this is set."""
    on, write = threading.Event(), ledger._project.export

    def slow(*given, progress):
        def follow(done, of):
            on.wait(10)
            progress(done, of)

        return write(*given, progress=follow)

    monkeypatch.setattr(ledger._project, "export", slow)
    return on


def accept(session, part=""):
    session.touch(np.ones(session.picture.size, bool), 1, 0.0)
    session.label("car", part)
    return session.accept()


def end(exporting):
    exporting._writing.wait()
    exporting.poll()


def files(tmp_path):
    return sorted(path.name for path in (tmp_path / "project").glob("*.json"))


def test_both_files_are_written_and_told(session, exporting, tmp_path):
    accept(session)
    accept(session, "wheel")
    exporting.start()
    assert exporting.busy
    end(exporting)
    assert not exporting.busy
    assert files(tmp_path) == FILES
    assert "coco.json: 1 objects, 1 parts" in session.lines[-1]


def test_a_person_goes_on_meanwhile(session, exporting, held_up, tmp_path):
    accept(session)
    exporting.start()
    accept(session)
    exporting.start()
    assert "an export goes on" in session.lines[-1]
    exporting.poll()
    assert exporting.busy
    assert files(tmp_path) == []
    held_up.set()
    end(exporting)
    assert files(tmp_path) == FILES
    exporting.start()
    end(exporting)
    assert "2 objects" in session.lines[-1]


def test_closing_ends_it_and_leaves_no_half_file(session, exporting, held_up, tmp_path):
    accept(session)
    before = sorted((tmp_path / "project").iterdir())
    exporting.start()
    exporting._cancel.cancel()
    held_up.set()
    exporting.close()
    assert sorted((tmp_path / "project").iterdir()) == before


def test_what_cannot_be_written_is_told(session, exporting):
    told = []
    exporting.changed.connect(lambda: told.append(exporting.busy))
    exporting.start()
    end(exporting)
    assert "nothing to export" in session.lines[-1]
    assert told == [True, False]

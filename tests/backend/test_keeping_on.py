"""Work in the background that ends is begun again, and the server does not look healthy meanwhile."""

import asyncio
import logging
import time

import pytest

from semsam_annotate.backend.label_studio.keeping_on import KeepingOn


def until(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    assert condition()


def test_what_ends_is_begun_again_and_logged_once(caplog):
    begun = []

    async def work():
        begun.append(len(begun))
        if len(begun) < 4:
            raise RuntimeError("why")

    keeping = KeepingOn(pause=0.0)
    with caplog.at_level(logging.ERROR):
        asyncio.run(keeping.run("work", work))
    assert (len(begun), keeping.troubles) == (4, {})
    assert [record.message for record in caplog.records] == ["work does not work: RuntimeError: why"]


def test_work_that_is_cancelled_ends():
    async def run():
        ended = []

        async def work():
            try:
                await asyncio.sleep(60)
            finally:
                ended.append(True)

        task = asyncio.create_task(KeepingOn().run("work", work))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert ended

    asyncio.run(run())


@pytest.fixture
def locked(project_folder):
    """What cannot be opened as a lock file, as one of another user."""
    lock = project_folder / "label-studio" / ".background.lock"
    lock.mkdir(parents=True)
    return lock


def test_a_lock_file_that_cannot_be_opened_is_told_and_tried_again(locked, label_studio):
    until(lambda: "troubles" in label_studio.get("/health").json())
    assert ".background.lock" in label_studio.get("/health").json()["troubles"]["lock"]
    assert "lock" in label_studio.get("/status").json()["troubles"]
    locked.rmdir()
    until(lambda: "troubles" not in label_studio.get("/health").json())
    assert label_studio.get("/health").status_code == 200


def test_a_part_that_dies_is_told(label_studio, monkeypatch):
    service = label_studio.app.state.label_studio
    reconciling = service.background.reconciling

    def breaks():
        raise RuntimeError("unforeseen")

    until(lambda: not reconciling._wake.is_set())
    monkeypatch.setattr(reconciling, "_projects", breaks)
    label_studio.portal.call(reconciling._wake.set)
    until(lambda: "unforeseen" in label_studio.get("/health").json().get("troubles", {}).get("reconciling", ""))

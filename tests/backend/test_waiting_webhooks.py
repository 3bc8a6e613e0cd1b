"""What cannot be applied now keeps nothing else waiting, says why, and is tried again."""

import asyncio
import base64
import itertools
import sqlite3
import threading

import pytest

from semsam_annotate.annotations.connection import StoreUnavailable
from semsam_annotate.backend.label_studio import spool as spool_module
from semsam_annotate.backend.label_studio.errors import TryLater
from semsam_annotate.backend.label_studio.hooks import AT_A_TIME
from semsam_annotate.backend.label_studio.intake import Intake
from semsam_annotate.backend.label_studio.spool import Spool

UPLOAD = "/data/upload/1/c3202297-img_b.png"


def stored(world):
    return sorted({int(record.source.external_id.split("/")[0]) for record in world.records()})


@pytest.fixture
def world(taken_in, image_host):
    """It knows the image host as Label Studio."""
    taken_in.spool.close()
    taken_in.open(image_host.url)
    image_host.files[UPLOAD] = base64.b64decode(taken_in.image().partition(",")[2])
    return taken_in


def test_an_image_that_is_refused_keeps_only_its_annotation_waiting(world, image_host):
    image_host.token = "Token another"
    world.tell(1, 1, world.region("r1", 0))
    world.apply()
    world.tell(2, 1, world.region("r1", 0), address=UPLOAD)
    world.tell(3, 1, world.region("r1", 0))
    world.delete(1)
    world.apply()
    assert stored(world) == [3]
    assert world.spool.counts() == {"pending": 1, "failed": 0}
    (why,) = world.spool.delays()
    assert why.startswith("annotation 2: ")
    assert "refuses its token" in why


def test_it_is_tried_less_and_less_often_also_after_a_restart(world, monkeypatch):
    clock, tried = [1000.0], []
    monkeypatch.setattr(spool_module.time, "time", lambda: clock[0])

    async def refused(*_):
        tried.append(clock[0])
        raise TryLater("not yet")

    monkeypatch.setattr(Intake, "apply", refused)
    world.tell(1, 1, world.region("r1", 0))
    for _ in range(10_000):
        world.apply() if world.spool.pending() else None
        clock[0] += 15.0
        if len(tried) == 4:
            world.spool.close()
            world.open("http://127.0.0.1:1")
    waits = [later - earlier for earlier, later in itertools.pairwise(tried)]
    assert waits[:7] == [15, 30, 60, 120, 240, 480, 900]
    assert set(waits[7:]) == {900}


def test_projects_do_not_wait_for_each_other(world, monkeypatch):
    apply, told = Intake.apply, asyncio.Event

    async def run():
        other = told()

        async def one_by_the_other(self, change):
            if change.id == "1":
                await asyncio.wait_for(other.wait(), 30)
            await apply(self, change)
            other.set()

        monkeypatch.setattr(Intake, "apply", one_by_the_other)
        await world.hooks._apply_all()

    world.tell(1, 1, world.region("r1", 0), project=1)
    world.tell(2, 1, world.region("r1", 0), project=2)
    asyncio.run(run())
    assert stored(world) == [1, 2]


def test_what_comes_for_another_project_does_not_wait(world, monkeypatch):
    apply = Intake.apply

    async def run():
        begun, news = asyncio.Event(), asyncio.Event()

        async def slow(self, change):
            begun.set()
            if change.id == "1":
                await asyncio.wait_for(news.wait(), 30)
            await apply(self, change)
            news.set()

        monkeypatch.setattr(Intake, "apply", slow)
        applying = asyncio.create_task(world.hooks._apply_all())
        await begun.wait()
        world.tell(2, 1, world.region("r1", 0), project=2)
        world.hooks.wake()
        await applying

    world.tell(1, 1, world.region("r1", 0), project=1)
    asyncio.run(run())
    assert stored(world) == [1, 2]


def test_what_comes_while_a_project_ends_is_looked_at_again(world, monkeypatch):
    """The spool is looked into while the project is at work, and answers when it is not any more."""
    apply, pending = Intake.apply, world.spool.pending

    async def run():
        ended, looked = asyncio.Event(), threading.Event()

        async def slow(self, change):
            if change.id == "1":
                world.tell(2, 1, world.region("r1", 0))
                world.hooks.wake()
                await asyncio.to_thread(looked.wait, 30)
            await apply(self, change)
            loop.call_later(0.2, ended.set)

        def late():
            found = pending()
            if len(found) == 2:
                looked.set()
                asyncio.run_coroutine_threadsafe(ended.wait(), loop).result(30)
            return found

        loop = asyncio.get_running_loop()
        monkeypatch.setattr(Intake, "apply", slow)
        monkeypatch.setattr(world.spool, "pending", late)
        await world.hooks._apply_all()

    world.tell(1, 1, world.region("r1", 0))
    asyncio.run(run())
    assert stored(world) == [1, 2]


def test_what_comes_does_not_wait_for_all_that_is_tried_again(world, monkeypatch):
    apply, tried = Intake.apply, list[str]()

    async def slow(self, change):
        tried.append(change.id)
        if change.id == "99":
            await apply(self, change)
        elif tried == ["1"]:
            world.tell(99, 1, world.region("r1", 0))
        raise TryLater("its image is slow")

    for id in range(1, 61):
        world.tell(id, 1, world.region("r1", 0))
        world.spool.wait(world.spool.read(id), "its image is slow", 0.0)
    monkeypatch.setattr(Intake, "apply", slow)
    world.apply(hurry=True)
    assert stored(world) == [99]
    assert tried.index("99") == AT_A_TIME
    assert len(tried) == 61


def test_what_the_store_refuses_keeps_nothing_else_from_it(world, monkeypatch):
    apply = Intake.apply

    async def refuses(self, change):
        if change.id == "1":
            raise StoreUnavailable("store: no")
        await apply(self, change)

    monkeypatch.setattr(Intake, "apply", refuses)
    for id in (1, 2):
        world.tell(id, 1, world.region("r1", 0))
    world.apply()
    assert stored(world) == [2]
    assert world.spool.delays() == ["store: no"]


def test_a_store_that_is_away_is_not_asked_for_each(world, monkeypatch):
    asked = []

    async def away(_, change):
        asked.append(change.id)
        raise StoreUnavailable("store: down")

    monkeypatch.setattr(Intake, "apply", away)
    for id in range(1, 10):
        world.tell(id, 1, world.region("r1", 0))
    with pytest.raises(StoreUnavailable):
        world.apply()
    assert asked == ["1", "2", "3"]
    assert world.spool.counts()["pending"] == 9


def test_what_was_put_aside_is_applied_once_it_can_be(world, image_host):
    body = image_host.files.pop(UPLOAD)
    world.tell(1, 1, world.region("r1", 0), address=UPLOAD)
    world.apply()
    assert world.spool.counts() == {"pending": 0, "failed": 1}
    image_host.files[UPLOAD] = body
    world.apply()
    assert stored(world) == [], "it is tried seldom"
    world.apply(hurry=True)
    assert (stored(world), world.spool.counts()["failed"]) == ([1], 0)


def test_what_was_put_aside_is_forgotten_when_a_newer_version_is_applied(world, image_host):
    body = image_host.files.pop(UPLOAD)
    for second in (1, 2, 3):
        world.tell(1, second, world.region("r1", second), address=UPLOAD)
        world.apply()
    assert world.spool.counts()["failed"] == 1, "one for each annotation"
    image_host.files[UPLOAD] = body
    world.tell(1, 4, world.region("r1", 4), address=UPLOAD)
    world.apply()
    world.apply(hurry=True)
    assert world.spool.counts() == {"pending": 0, "failed": 0}
    assert len(world.records()) == 1


def test_what_was_put_aside_gives_way_to_new_webhooks(world):
    world.spool.most_bytes = world.spool.bytes() + 60_000
    world.tell(1, 1, {**world.region("r1", 0), "id": "x" * 20_000})
    world.apply()
    assert world.spool.counts()["failed"] == 1
    for id in range(2, 30):
        world.tell(id, 1, {**world.region("r1", 0), "note": "x" * 20_000})
        world.apply()
    assert stored(world) == list(range(2, 30))


def test_a_spool_of_an_earlier_version_is_read(tmp_path, world):
    path = tmp_path / "old.sqlite"
    with sqlite3.connect(path) as old:
        old.execute(
            "CREATE TABLE news (seq INTEGER PRIMARY KEY AUTOINCREMENT, project TEXT NOT NULL, payload BLOB NOT NULL,"
            " failed TEXT)"
        )
        old.execute("INSERT INTO news (project, payload, failed) VALUES ('1', 'a', NULL), ('1', 'b', 'why')")
    spool = Spool(path)
    assert [seq for seq, _ in spool.pending()] == [1, 2]
    spool.close()

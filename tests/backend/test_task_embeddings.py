"""An image of a task is encoded once for whoever may open it, and for nobody else."""

import asyncio
import base64
import contextlib
import gc
import weakref

import pytest

from semsam_annotate.api import BadInput
from semsam_annotate.backend.label_studio.connections import Connection
from semsam_annotate.backend.label_studio.embeddings import AT_ONCE, TaskEmbeddings
from semsam_annotate.backend.label_studio.errors import TryLater
from semsam_annotate.backend.worker import EngineWorker

ADDRESS = "/data/upload/1/c3202297-img_b.png"


@pytest.fixture
def size_of(region_engine):
    """(height, width) of the image at ``ADDRESS``, as a connection gets it."""
    worker = EngineWorker(region_engine)
    embeddings = TaskEmbeddings(worker, 10_000_000)
    yield lambda connection: asyncio.run(embeddings.ask(ADDRESS, connection, lambda _, embedding: embedding.size))
    worker.close()


def test_the_token_that_opens_an_image_is_asked_for_by_every_other_one(image_host, size_of, region_engine):
    token = image_host.token.removeprefix("Token ")
    allowed = Connection(image_host.url, token)
    assert size_of(allowed) == size_of(Connection(image_host.url, token)) == (480, 640)
    assert region_engine.encodings == 1
    for other in ("y" * 40, None):
        with pytest.raises(TryLater, match="token"):
            size_of(Connection(image_host.url, other))
    assert size_of(allowed) == (480, 640)
    assert region_engine.encodings == 1


def test_only_so_many_images_are_fetched_at_a_time(monkeypatch, region_engine, image_host):
    now, most = [0], []

    async def fetch(address, connection, max_bytes):
        now[0] += 1
        most.append(now[0])
        await asyncio.sleep(0.01)
        now[0] -= 1
        return image_host.files[ADDRESS]

    monkeypatch.setattr("semsam_annotate.backend.label_studio.embeddings.fetch_image", fetch)
    worker = EngineWorker(region_engine, 100)
    embeddings = TaskEmbeddings(worker, 10_000_000)

    async def ask(number):
        return await embeddings.ask(f"/data/upload/1/{number}.png", Connection(image_host.url), lambda *_: number)

    async def all_at_once():
        return await asyncio.gather(*map(ask, range(3 * AT_ONCE)))

    assert asyncio.run(all_at_once()) == list(range(3 * AT_ONCE))
    assert max(most) == AT_ONCE
    worker.close()


class Address(str):
    """One that says when nobody has it any more."""


@pytest.fixture
def embeddings(region_engine):
    """Those of a server."""
    worker = EngineWorker(region_engine)
    yield TaskEmbeddings(worker, 10_000_000)
    worker.close()


def test_no_address_is_kept_whether_its_image_could_be_had_or_not(embeddings, image_host):
    """An address may be an image of 64 MB."""
    pixels = base64.b64encode(image_host.files[ADDRESS]).decode()
    for body in (pixels, "!"):
        given = Address(f"data:image/png;base64,{body}")
        kept = weakref.ref(given)
        with contextlib.suppress(BadInput):
            asyncio.run(embeddings.ask(given, Connection(image_host.url), lambda _, embedding: embedding.size))
        del given
        gc.collect()
        assert kept() is None


def test_failures_leave_nothing_behind(embeddings, image_host):
    async def ask_all():
        for number in range(50):
            with contextlib.suppress(BadInput):
                await embeddings.ask(f"data:image/png;base64,{number:04}", Connection(image_host.url), lambda *_: None)

    asyncio.run(ask_all())
    assert (len(embeddings._entries), len(embeddings._locks)) == (0, 0)


def test_what_is_too_old_is_dropped(region_engine, image_host):
    worker = EngineWorker(region_engine)
    embeddings = TaskEmbeddings(worker, 10_000_000, seconds=0.0)
    connection, other = Connection(image_host.url, image_host.token.removeprefix("Token ")), "/data/upload/1/b.png"
    image_host.files[other] = image_host.files[ADDRESS]
    for address in (ADDRESS, other):
        asyncio.run(embeddings.ask(address, connection, lambda *_: None))
        assert embeddings.sha256(ADDRESS, connection) is None, "of an image that may have changed since"
    worker.close()

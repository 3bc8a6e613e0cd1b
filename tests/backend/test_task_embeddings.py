"""An image of a task is encoded once for whoever may open it, and for nobody else."""

import asyncio

import pytest

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

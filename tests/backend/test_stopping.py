"""A server that is told to stop ends what it does in the background, whatever comes in that moment."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from semsam_annotate.backend.app import create_app
from semsam_annotate.backend.label_studio.service import LabelStudio
from semsam_annotate.backend.label_studio.waking import woken
from semsam_annotate.backend.settings import ServerSettings

NEWS: dict[str, Callable[[LabelStudio], None]] = {
    "none": lambda service: None,
    "a webhook": lambda service: service.hooks.wake(),
    "a change of the store": lambda service: service.looping.tell(),
    "a setup, to compare": lambda service: service.background.reconciling.wake("1"),
}


@pytest.mark.parametrize("news", NEWS)
def test_it_stops_though_news_come(news, region_engine, project_folder: Path):
    app = create_app(ServerSettings(project=project_folder), region_engine)

    async def live() -> None:
        async with app.router.lifespan_context(app):
            await asyncio.sleep(0.5)  # until all parts wait for news
            NEWS[news](app.state.label_studio)

    server = threading.Thread(target=asyncio.run, args=(live(),), daemon=True)
    server.start()
    server.join(30.0)
    assert not server.is_alive()


def test_waiting_ends_with_news_with_time_and_with_a_cancel_though_news_come():
    async def live() -> list[str]:
        news, told = asyncio.Event(), []
        news.set()
        await woken(news, 100.0)
        news.clear()
        await woken(news, 0.01)
        told.append("time")
        waits = asyncio.create_task(woken(news, 100.0))
        await asyncio.sleep(0)
        news.set()
        waits.cancel()
        (ended,) = await asyncio.gather(waits, return_exceptions=True)
        return [*told, type(ended).__name__]

    assert asyncio.run(live()) == ["time", "CancelledError"]

"""Waiting for news that may never come."""

import asyncio
from contextlib import suppress


async def woken(news: asyncio.Event, seconds: float) -> None:
    """Wait until ``news`` is set, ``seconds`` at most.

    Not ``asyncio.wait_for``: up to Python 3.11 it forgets that it was cancelled when the news come at the same moment,
    and work that is told to end goes on for ever.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await news.wait()

"""What may take seconds, such as counting a million masks: done in a thread, looked after by whoever polls."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Generic, TypeVar

T = TypeVar("T")


class Background(Generic[T]):
    """One job at a time. Used by one thread; jobs run in another."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "semsam-background")
        self._job: Future[T] | None = None

    @property
    def busy(self) -> bool:
        """Whether a job runs, or its result has not been taken."""
        return self._job is not None

    def begin(self, job: Callable[[], T]) -> None:
        """Start a job, when not ``busy``."""
        if self._job is None:
            self._job = self._thread.submit(job)

    def ended(self) -> "Future[T] | None":
        """The job that has ended since, which raises what it raised when asked for its result; else None."""
        if self._job is None or not self._job.done():
            return None
        job, self._job = self._job, None
        return job

    def wait(self) -> None:
        """Until no job runs."""
        if self._job is not None:
            wait([self._job])

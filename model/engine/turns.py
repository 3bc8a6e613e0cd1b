"""Who computes: one caller at a time, and a click need not wait for the end of what takes long."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """A lock of two kinds. Whoever holds it for long work lets short work by whenever ``let_by`` is called.

    Long work goes on after the short work that stood there when it stopped, so that it ends under any number of
    clicks. Holding it again within itself costs nothing, of either kind.
    """

    def __init__(self) -> None:
        self._free = threading.Condition()
        self._owner: int | None = None
        self._owner_is_long = False
        self._asked = self._served = 0
        """Short work that came so far, and that was done."""
        self._behind: list[int] = []
        """For each long work that waits: how much short work goes before it."""

    @contextmanager
    def short(self) -> Iterator[None]:
        """Hold it for some milliseconds; long work that waits or lets others by goes after it."""
        me = threading.get_ident()
        if self._owner == me:
            yield
            return
        with self._free:
            number, self._asked = self._asked, self._asked + 1
            self._free.wait_for(lambda: self._owner is None and all(number < place for place in self._behind))
            self._owner, self._owner_is_long = me, False
        try:
            yield
        finally:
            with self._free:
                self._served += 1
                self._leave()

    @contextmanager
    def long(self) -> Iterator[None]:
        """Hold it for as long as it takes."""
        me = threading.get_ident()
        if self._owner == me:
            yield
            return
        with self._free:
            self._enter_behind()
        try:
            yield
        finally:
            with self._free:
                self._leave()

    def let_by(self) -> None:
        """Between two steps of long work: let short work that waits be done first. Cheap when none does."""
        if self._asked == self._served or self._owner != threading.get_ident() or not self._owner_is_long:
            return
        with self._free:
            self._leave()
            self._enter_behind()

    def _enter_behind(self) -> None:
        place = self._asked
        self._behind.append(place)
        self._free.wait_for(lambda: self._owner is None and self._served >= place)
        self._behind.remove(place)
        self._owner, self._owner_is_long = threading.get_ident(), True

    def _leave(self) -> None:
        self._owner = None
        self._free.notify_all()

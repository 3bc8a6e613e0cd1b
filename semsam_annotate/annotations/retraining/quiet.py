"""Quiet hours of a week, in which no training begins by itself: read from words such as "mon-fri 08:00-18:00"."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from semsam_annotate.api import BadInput

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY, WEEK = 24 * 60, 7 * 24 * 60
_SPAN = re.compile(r"(?:([a-z]{3})(?:-([a-z]{3}))?\s+)?(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")


@dataclass(frozen=True)
class QuietHours:
    """``minutes``: one flag for every minute of a week from Monday 00:00, by the clock on the wall."""

    minutes: bytes = bytes(WEEK)

    @classmethod
    def parse(cls, text: str) -> "QuietHours":
        """Spans such as "22:00-06:00" or "mon-fri 08:00-18:00, sat 09:00-12:00"; one over midnight belongs to the day
        that it begins on, and no day is every day. BadInput when it is none, or leaves no minute to train in."""
        flags = bytearray(2 * WEEK)  # what goes over the end of the week is folded back
        for part in filter(None, (piece.strip().lower() for piece in text.split(","))):
            for begin, length in _spans(part):
                flags[begin : begin + length] = b"\1" * length
        week = bytes(map(max, flags[:WEEK], flags[WEEK:]))
        if 0 not in week:
            raise BadInput(f"quiet hours {text!r} leave no time to train in")
        return cls(week)

    def until(self, now: datetime) -> datetime | None:
        """When the quiet that ``now`` lies in ends; None when it lies in none."""
        first = now.weekday() * DAY + now.hour * 60 + now.minute
        if not self.minutes[first]:
            return None
        free = (2 * self.minutes).find(0, first)
        return now.replace(second=0, microsecond=0) + timedelta(minutes=free - first)


def _spans(part: str) -> list[tuple[int, int]]:
    """(first minute of the week, minutes) of every day that one span names."""
    found = _SPAN.fullmatch(part)
    if found is None:
        raise BadInput(f"quiet hours are spans such as '08:00-18:00' or 'mon-fri 08:00-18:00', not {part!r}")
    begin, end = _minute(found[3], found[4], part), _minute(found[5], found[6], part)
    length = end - begin if end > begin else end - begin + DAY
    if begin == DAY:
        raise BadInput(f"quiet hours begin at 23:59 at the latest, not at 24:00: {part!r}")
    return [(day * DAY + begin, length) for day in _days(found[1], found[2], part)]


def _minute(hour: str, minute: str, part: str) -> int:
    minutes = int(hour) * 60 + int(minute)
    if int(minute) > 59 or minutes > DAY:
        raise BadInput(f"{hour}:{minute} is no time of a day, in {part!r}")
    return minutes


def _days(first: str | None, last: str | None, part: str) -> list[int]:
    """Numbers of the days from first to last, over the weekend if need be."""
    if first is None:
        return list(range(7))
    for name in filter(None, (first, last)):
        if name not in DAYS:
            raise BadInput(f"{name!r} in {part!r} is no day: {', '.join(DAYS)}")
    begin = DAYS.index(first)
    return [(begin + more) % 7 for more in range((DAYS.index(last or first) - begin) % 7 + 1)]

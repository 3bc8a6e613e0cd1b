"""Which change of an annotation is newer than the one that was applied."""

from datetime import UTC, datetime, timedelta

from semsam_annotate.backend.label_studio.news import Written

GONE = "gone"
"""Begins what is noted of a deletion, with its time behind; sorts behind every ISO time."""
_CLOCKS = timedelta(minutes=10)
"""By which the clocks of Label Studio and of this machine may differ."""


def gone(known: str) -> str:
    """What is noted when an annotation is deleted, of which the version ``known`` was applied."""
    now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return f"{GONE} {max(now, known)}"


def follows(change: Written, known: str) -> bool:
    """Whether a change is newer than what was applied.

    Nothing brings a deleted annotation back: only another one, made later, which bears its id because Label Studio's
    database was put back to an earlier day.
    """
    if not known.startswith(GONE):
        return change.version > known
    then, made = _time(known.removeprefix(GONE).strip()), _time(change.created)
    return then is not None and made is not None and made > then + _CLOCKS


def _time(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)

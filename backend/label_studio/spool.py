"""Webhooks on disk before they are answered: a ``kill -9`` a millisecond later loses nothing."""

import logging
import time
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from semsam_annotate.backend.errors import RequestRefused
from semsam_annotate.backend.label_studio.kept_file import open_kept
from semsam_annotate.backend.label_studio.spool_tables import OUTDATED, TABLES, TRIED

MAX_PENDING = 20_000
MOST_BYTES = 2_000_000_000
"""Ten thousand webhooks of the size of real ones with twenty masks."""
RETRY_SECONDS = 60
LONGEST_WAIT = 900.0
ASIDE_SECONDS, LONGEST_ASIDE = 900.0, 86_400.0
"""After so long what was put aside is tried again; then after twice as long, up to a day."""
log = logging.getLogger("semsam.backend.label_studio")
_REMEDY = (
    "move it away together with reconciled.sqlite beside it, or restore a copy; what was submitted meanwhile is then "
    "read again from Label Studio"
)


@dataclass(frozen=True)
class News:
    """One webhook that waits; ``seq`` grows in the order they came."""

    seq: int
    project: str
    payload: bytes


class Spool:
    """A SQLite file of webhooks that wait, and of which version of each annotation was applied last.

    Several servers may keep webhooks in it. How many wait is counted in an index: rows lie among their payloads' pages.
    """

    def __init__(self, path: Path, most_bytes: int = MOST_BYTES) -> None:
        """Open or make the file; what a killed server left there waits on. BadInput when it is damaged.

        ``most_bytes``: that webhooks, waiting or put aside, may take there.
        """
        self._lock, self.most_bytes = Lock(), most_bytes
        self._database = open_kept(path, TABLES, _REMEDY)

    def put(self, project: str, payload: bytes, about: Iterable[tuple[str, str]] = ()) -> None:
        """Keep a webhook; when this returns it is on disk. ``about``: annotations with their versions.

        What was put aside gives way to it: Label Studio has that still, and the comparison finds it again.
        RequestRefused, 503 when very many wait, 507 when there is no room for more; sqlite3.Error by the disk.
        """
        with self._lock:
            if self._count("failed IS NULL") >= MAX_PENDING:
                line = f"{MAX_PENDING} webhooks wait already: see what /status says"
                raise RequestRefused(503, line, RETRY_SECONDS)
            if not self._has_room(len(payload)):
                line = f"kept webhooks may take {self.most_bytes / 1e6:.0f} MB and do already: see what /status says"
                raise RequestRefused(507, line, RETRY_SECONDS)
            self._database.execute("BEGIN")
            with self._database:
                row = self._database.execute("INSERT INTO news (project, payload) VALUES (?, ?)", (project, payload))
                told = [(row.lastrowid, annotation, version) for annotation, version in about]
                self._database.executemany("INSERT OR REPLACE INTO about VALUES (?, ?, ?)", told)

    def pending(self) -> list[tuple[int, str]]:
        """Number and project of each that is to be tried now, also of those put aside.

        In a project those come first that were not tried yet, the oldest of them before the others.
        """
        query = "SELECT seq, project FROM news LEFT JOIN tries USING (seq) WHERE coalesce(due, 0) <= ?"
        order = "ORDER BY project, due IS NOT NULL, seq"
        with self._lock, closing(self._database.execute(f"{query} {order}", (time.time(),))) as rows:
            return [(int(seq), str(project)) for seq, project in rows]

    def read(self, seq: int) -> News | None:
        """One that waits or was put aside."""
        with self._lock:
            row = self._database.execute("SELECT project, payload FROM news WHERE seq = ?", (seq,)).fetchone()
        return None if row is None else News(seq, row[0], bytes(row[1]))

    def holds(self, project: str, annotation: str, version: str) -> bool:
        """Whether a change of an annotation is here, waiting or put aside, that is not older than ``version``."""
        query = "SELECT 1 FROM about JOIN news USING (seq) WHERE project = ? AND annotation = ? AND version >= ?"
        with self._lock:
            return self._database.execute(query, (project, annotation, version)).fetchone() is not None

    def done(self, news: News) -> None:
        """Forget one that was applied."""
        with self._lock:
            self._database.execute("DELETE FROM news WHERE seq = ?", (news.seq,))

    def wait(self, news: News, reason: str, seconds: float) -> None:
        """Try one again after ``seconds``, after twice as long the next time, and so on up to ``LONGEST_WAIT``."""
        with self._lock:
            self._again(news, reason, seconds, LONGEST_WAIT, None)

    def fail(self, news: News, reason: str) -> None:
        """Put one aside that cannot be applied as things are: it is tried again, but seldom.

        Older ones about the same annotations that were put aside are forgotten: this one says all they said.
        """
        with self._lock:
            self._again(news, reason, ASIDE_SECONDS, LONGEST_ASIDE, reason[:1000])

    def hurry(self, aside: bool) -> None:
        """Try now what waits; ``aside``: what was put aside too."""
        query = "UPDATE tries SET due = 0 WHERE :aside OR seq IN (SELECT seq FROM news WHERE failed IS NULL)"
        with self._lock:
            self._database.execute(query, {"aside": aside})

    def version(self, project: str, annotation: str) -> str:
        """Time of the last change of an annotation that was applied, "" when there was none."""
        query = "SELECT version FROM applied WHERE project = ? AND annotation = ?"
        with self._lock:
            row = self._database.execute(query, (project, annotation)).fetchone()
        return "" if row is None else str(row[0])

    def applied(self, project: str, annotation: str, version: str) -> None:
        """Note the last change that was applied."""
        query = "INSERT OR REPLACE INTO applied (project, annotation, version) VALUES (?, ?, ?)"
        with self._lock:
            self._database.execute(query, (project, annotation, version))

    def versions(self, project: str) -> dict[str, str]:
        """Of every annotation of a project of which a change was applied, as ``version`` gives them."""
        query = "SELECT annotation, version FROM applied WHERE project = ?"
        with self._lock, closing(self._database.execute(query, (project,))) as rows:
            return {str(annotation): str(version) for annotation, version in rows}

    def projects(self) -> list[str]:
        """Those that annotations came from, by their uids where those were told, also before the store was restored."""
        kept = "SELECT coalesce(names.uid, applied.project) FROM applied LEFT JOIN names USING (project)"
        query = f"{kept} UNION SELECT uid FROM names UNION SELECT project FROM news"
        with self._lock, closing(self._database.execute(query)) as rows:
            return [str(row[0]) for row in rows]

    def name(self, project: str, uid: str) -> str:
        """By what a project's records are kept: its id, or its uid when another Label Studio's had that id before."""
        if uid in ("", project):
            return project
        with self._lock:
            self._database.execute("INSERT OR IGNORE INTO names (project, uid) VALUES (?, ?)", (project, uid))
            row = self._database.execute("SELECT uid FROM names WHERE project = ?", (project,)).fetchone()
        return project if row is None or row[0] == uid else uid

    def restored(self) -> str:
        """Which restoring of the store is known here, "" for none."""
        with self._lock:
            row = self._database.execute("SELECT restored FROM stores").fetchone()
        return "" if row is None else str(row[0])

    def begin_anew(self, restored: str) -> None:
        """Forget what was applied: the store is another one since it was ``restored``."""
        with self._lock:
            self._database.execute("BEGIN")
            with self._database:
                self._database.execute("DELETE FROM applied")
                self._database.execute("DELETE FROM stores")
                self._database.execute("INSERT INTO stores VALUES (?)", (restored,))

    def counts(self) -> dict[str, int]:
        """How many wait and how many failed."""
        with self._lock:
            return {"pending": self._count("failed IS NULL"), "failed": self._count("failed IS NOT NULL")}

    def bytes(self) -> int:
        """That webhooks take on the disk, waiting or put aside; what was freed is used again and does not count."""
        with self._lock:
            return self._bytes()

    def kept(self) -> int:
        """How many were ever kept; those that neither wait nor failed were applied."""
        with self._lock:
            row = self._database.execute("SELECT seq FROM sqlite_sequence WHERE name = 'news'").fetchone()
        return 0 if row is None else int(row[0])

    def failures(self, limit: int = 100) -> list[str]:
        """The reasons of the last ones put aside, oldest first."""
        return self._reasons("SELECT failed FROM news WHERE failed IS NOT NULL ORDER BY seq DESC LIMIT ?", limit)

    def delays(self, limit: int = 100) -> list[str]:
        """What the last ones wait for that were tried already, oldest first."""
        query = "SELECT reason FROM tries JOIN news USING (seq) WHERE failed IS NULL ORDER BY seq DESC LIMIT ?"
        return self._reasons(query, limit)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()

    def _reasons(self, query: str, limit: int) -> list[str]:
        with self._lock, closing(self._database.execute(query, (limit,))) as rows:
            return [str(row[0]) for row in rows][::-1]

    def _again(self, news: News, reason: str, first: float, most: float, failed: str | None) -> None:
        told = {"seq": news.seq, "project": news.project, "reason": reason[:1000], "failed": failed}
        self._database.execute("BEGIN")
        with self._database:
            self._database.execute("UPDATE news SET failed = :failed WHERE seq = :seq", told)
            self._database.execute(TRIED, {**told, "now": time.time(), "first": first, "most": most})
            if failed is not None:
                self._database.execute(OUTDATED, told)

    def _has_room(self, size: int) -> bool:
        """Whether so many bytes more may be kept, without the oldest of what was put aside if need be."""
        while self._bytes() + size > self.most_bytes:
            row = self._database.execute(
                "SELECT seq, failed FROM news WHERE failed IS NOT NULL ORDER BY seq"
            ).fetchone()
            if row is None:
                return False
            log.warning("webhook %d, which was put aside, gives way to a new one: %s", *row)
            self._database.execute("DELETE FROM news WHERE seq = ?", row[:1])
        return True

    def _bytes(self) -> int:
        """By the numbers of pages, which are known: adding payloads up would read every page between them."""
        pages, free, size = (
            int(self._database.execute(f"PRAGMA {name}").fetchone()[0])
            for name in ("page_count", "freelist_count", "page_size")
        )
        return (pages - free) * size

    def _count(self, where: str) -> int:
        return int(self._database.execute(f"SELECT count(*) FROM news WHERE {where}").fetchone()[0])

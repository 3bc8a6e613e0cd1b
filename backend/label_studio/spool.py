"""Webhooks on disk before they are answered: a ``kill -9`` a millisecond later loses nothing."""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from semsam_annotate.backend.errors import RequestRefused
from semsam_annotate.backend.label_studio.kept_file import open_kept

_TABLES = """
CREATE TABLE IF NOT EXISTS news (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, project TEXT NOT NULL, payload BLOB NOT NULL, failed TEXT);
CREATE TABLE IF NOT EXISTS applied (
    project TEXT NOT NULL, annotation TEXT NOT NULL, version TEXT NOT NULL, PRIMARY KEY (project, annotation));
CREATE TABLE IF NOT EXISTS names (project TEXT PRIMARY KEY, uid TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS news_failed ON news (failed);
"""
MAX_PENDING = 20_000
MOST_BYTES = 2_000_000_000
"""Ten thousand webhooks of the size of real ones with twenty masks."""
RETRY_SECONDS = 60
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
        self._database = open_kept(path, _TABLES, _REMEDY)

    def put(self, project: str, payload: bytes) -> None:
        """Keep a webhook; when this returns it is on disk.

        RequestRefused, 503 when very many wait, 507 when there is no room for more; sqlite3.Error by the disk.
        """
        with self._lock:
            if self._count("failed IS NULL") >= MAX_PENDING:
                line = f"{MAX_PENDING} webhooks wait already: see what /status says"
                raise RequestRefused(503, line, RETRY_SECONDS)
            if self._bytes() + len(payload) > self.most_bytes:
                line = f"kept webhooks may take {self.most_bytes / 1e6:.0f} MB and do already: see what /status says"
                raise RequestRefused(507, line, RETRY_SECONDS)
            self._database.execute("INSERT INTO news (project, payload) VALUES (?, ?)", (project, payload))

    def pending(self, limit: int = 100, after: int = 0) -> list[News]:
        """Those that wait, oldest first, from behind ``after`` on."""
        query = "SELECT seq, project, payload FROM news WHERE failed IS NULL AND seq > ? ORDER BY seq LIMIT ?"
        with self._lock, closing(self._database.execute(query, (after, limit))) as rows:
            return [News(seq, project, bytes(payload)) for seq, project, payload in rows]

    def done(self, news: News) -> None:
        """Forget one that was applied."""
        with self._lock:
            self._database.execute("DELETE FROM news WHERE seq = ?", (news.seq,))

    def fail(self, news: News, reason: str) -> None:
        """Put one aside that can never be applied; it stays in the file with its reason."""
        with self._lock:
            query = "UPDATE news SET failed = ? WHERE seq = ? AND failed IS NULL"
            self._database.execute(query, (reason[:1000], news.seq))

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
        """Those that annotations came from, by their uids where those were told."""
        kept = "SELECT coalesce(names.uid, applied.project) FROM applied LEFT JOIN names USING (project)"
        query = f"{kept} UNION SELECT project FROM news"
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
        query = "SELECT failed FROM news WHERE failed IS NOT NULL ORDER BY seq DESC LIMIT ?"
        with self._lock, closing(self._database.execute(query, (limit,))) as rows:
            return [str(row[0]) for row in rows][::-1]

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()

    def _bytes(self) -> int:
        """By the numbers of pages, which are known: adding payloads up would read every page between them."""
        pages, free, size = (
            int(self._database.execute(f"PRAGMA {name}").fetchone()[0])
            for name in ("page_count", "freelist_count", "page_size")
        )
        return (pages - free) * size

    def _count(self, where: str) -> int:
        return int(self._database.execute(f"SELECT count(*) FROM news WHERE {where}").fetchone()[0])

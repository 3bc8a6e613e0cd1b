"""Tasks that wait for their prediction, on disk: neither a ``kill -9`` nor a batch sent again loses or doubles one."""

import sqlite3
import time
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from semsam_annotate.backend.label_studio.kept_file import open_kept

_TABLES = """
CREATE TABLE IF NOT EXISTS prelabels (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, project TEXT NOT NULL, task INTEGER NOT NULL, address TEXT NOT NULL,
    state TEXT NOT NULL, due REAL NOT NULL, reason TEXT, UNIQUE (project, task));
CREATE INDEX IF NOT EXISTS prelabels_by_state ON prelabels (state, due);
CREATE TABLE IF NOT EXISTS configs (project TEXT PRIMARY KEY, config TEXT NOT NULL);
"""
_FRESH = """
INSERT OR REPLACE INTO prelabels (project, task, address, state, due)
VALUES (:project, :task, :address, 'taken', :due)
"""
_AGAIN = """
UPDATE prelabels SET address = :address, state = CASE state WHEN 'done' THEN 'answered' ELSE state END
WHERE project = :project AND task = :task
"""
STATES = ("waiting", "answered", "done", "failed")
"""``answered``: given to Label Studio in an answer, of which it is not known yet that it was stored. ``taken``, which
counts as waiting: a server works on it, or died before ``due``."""


@dataclass(frozen=True)
class Waiting:
    """A task to predict. ``config``: the labelling config that its project sent last."""

    project: str
    task: int
    address: str
    config: str


class PrelabelQueue:
    """A SQLite file with a row for each task that was asked for.

    Several servers of a project share it: what one of them works on is marked there, for ``settle_seconds`` at most,
    so that what a killed one worked on waits again. ``due`` is Unix time, so that it outlives a restart. May be called
    from any thread.
    """

    def __init__(self, path: Path, settle_seconds: float = 120.0) -> None:
        """Open or make the file; what a killed server left there waits on.

        ``settle_seconds``: after an answer, within which Label Studio stores it or lost it; more than a batch may take.
        """
        self.settle_seconds = settle_seconds
        self._lock, self._taken = Lock(), set[tuple[str, int]]()
        self._marked = set[tuple[str, int]]()
        self._database = open_kept(path, _TABLES)

    def claim(self, project: str, config: str, tasks: Mapping[int, str]) -> set[int]:
        """Keep tasks (id -> image address) and take those that nobody works on; when this returns they are on disk.

        Left out is also what was answered or written a moment ago, since Label Studio may have asked before it stored
        that: it is looked at again when due. sqlite3.Error when the disk refuses; then nothing is kept or taken.
        """
        now = time.time()
        told = {"project": project, "due": now + self.settle_seconds}
        rows = [{**told, "task": task, "address": address} for task, address in tasks.items()]
        with self._lock:
            with self._database:
                self._database.execute("BEGIN IMMEDIATE")
                self._database.execute("INSERT OR REPLACE INTO configs VALUES (?, ?)", (project, config))
                query = "SELECT task, state FROM prelabels WHERE project = ? AND state <> 'waiting' AND due > ?"
                found = self._database.execute(query, (project, now))
                recent = {task for task, state in found if state != "taken" or (project, task) not in self._marked}
                free = {task for task in tasks if task not in recent and (project, task) not in self._taken}
                self._database.executemany(_AGAIN, [row for row in rows if row["task"] in recent])
                self._database.executemany(_FRESH, [row for row in rows if row["task"] in free])
            self._taken |= {(project, task) for task in free}
            self._marked |= {(project, task) for task in free}
        return free

    def answered(self, project: str, tasks: Iterable[int]) -> None:
        """They were given in an answer; Label Studio is asked later whether it has stored them."""
        self._set(project, tasks, "answered", time.time() + self.settle_seconds)

    def release(self, project: str, tasks: Iterable[int]) -> None:
        """They wait: somebody else does them."""
        self._set(project, tasks, "waiting", 0.0)

    def done(self, project: str, tasks: Iterable[int]) -> None:
        """Label Studio has their predictions, or there is nothing to predict in them."""
        self._set(project, tasks, "done", time.time() + self.settle_seconds)

    def fail(self, project: str, task: int, reason: str) -> None:
        """It can never be predicted as it is; asked for again, it is tried again."""
        self._set(project, [task], "failed", 0.0, reason)

    def take(self) -> Waiting | None:
        """The next one that is due, taken from the others; None when there is none."""
        query = (
            "SELECT project, task, address, config FROM prelabels JOIN configs USING (project)"
            " WHERE state IN ('waiting', 'answered', 'taken') AND due <= ? ORDER BY due > 0, seq"
        )
        ours = query.replace("due <= ?", "state = 'taken' AND due > ?")
        with self._lock:
            now = time.time()
            for asked in (query, ours):
                with closing(self._database.execute(asked, (now,))) as rows:
                    for project, task, address, config in rows:
                        key = (project, task)
                        if key not in self._taken and (asked is query or key in self._marked) and self._mark(key, now):
                            return Waiting(project, task, address, config)
        return None

    def _mark(self, key: tuple[str, int], now: float) -> bool:
        """Take a row unless another server did meanwhile; a disk that takes no mark keeps nobody from working."""
        mark = (
            "UPDATE prelabels SET state = 'taken', due = :due WHERE project = :project AND task = :task AND"
            " (:ours OR (state IN ('waiting', 'answered', 'taken') AND due <= :now))"
        )
        told = {"project": key[0], "task": key[1], "due": now + self.settle_seconds, "now": now}
        try:
            taken = self._database.execute(mark, {**told, "ours": key in self._marked}).rowcount == 1
        except sqlite3.Error:
            taken = True
        if taken:
            self._taken.add(key)
            self._marked.add(key)
        return taken

    def postpone(self, project: str, seconds: float) -> None:
        """Nothing of a project is tried before so many seconds have passed."""
        now = time.time()
        query = "UPDATE prelabels SET due = ? WHERE project = ? AND state IN ('waiting', 'answered') AND due < ?"
        with self._lock:
            self._database.execute(query, (now + seconds, project, now + seconds))

    def hurry(self, project: str) -> None:
        """What was postponed is tried now."""
        with self._lock:
            self._database.execute("UPDATE prelabels SET due = 0 WHERE project = ? AND state = 'waiting'", (project,))

    def is_taken(self, project: str, task: int) -> bool:
        """Whether somebody works on it now."""
        with self._lock:
            return (project, task) in self._taken

    def counts(self) -> dict[str, int]:
        """How many are in each of ``STATES``."""
        with self._lock:
            found = dict(self._database.execute("SELECT state, count(*) FROM prelabels GROUP BY state").fetchall())
        found["waiting"] = found.get("waiting", 0) + found.pop("taken", 0)
        return {state: int(found.get(state, 0)) for state in STATES}

    def reasons(self, limit: int) -> list[str]:
        """Why the last ones failed, oldest first."""
        query = "SELECT task, reason FROM prelabels WHERE state = 'failed' ORDER BY seq DESC LIMIT ?"
        with self._lock, closing(self._database.execute(query, (limit,))) as rows:
            return [f"task {task}: {reason}" for task, reason in rows][::-1]

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()

    def _set(self, project: str, tasks: Iterable[int], state: str, due: float, reason: str | None = None) -> None:
        """The image's address is forgotten with what is done: one in the task itself is the image's bytes.

        Whatever the disk says, nobody works on them any more: else they would wait until the next start.
        """
        listed = list(tasks)
        query = (
            "UPDATE prelabels SET state = :state, due = :due, reason = :reason, address = CASE WHEN :state IN"
            " ('done', 'failed') THEN '' ELSE address END WHERE project = :project AND task = :task"
        )
        told = {"state": state, "due": due, "reason": None if reason is None else reason[:1000], "project": project}
        with self._lock:
            self._taken -= {(project, task) for task in listed}
            with self._database:
                self._database.execute("BEGIN")
                self._database.executemany(query, [{**told, "task": task} for task in listed])
            self._marked -= {(project, task) for task in listed}

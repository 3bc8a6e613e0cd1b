"""What of each task was compared with Label Studio last, so that the next time only what changed is read."""

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from threading import Lock

from semsam_annotate.api import BadInput
from semsam_annotate.backend.label_studio.kept_file import open_kept

_TABLES = """
CREATE TABLE IF NOT EXISTS tasks (
    project TEXT NOT NULL, task INTEGER NOT NULL, mark TEXT NOT NULL, PRIMARY KEY (project, task));
CREATE TABLE IF NOT EXISTS unapplied (
    project TEXT NOT NULL, task INTEGER NOT NULL, annotation TEXT NOT NULL, version TEXT NOT NULL,
    PRIMARY KEY (project, task, annotation));
CREATE TABLE IF NOT EXISTS projects (project TEXT PRIMARY KEY, created TEXT NOT NULL);
"""


class Reconciled:
    """A SQLite file of marks by project and task; without it everything is compared again, which changes nothing."""

    def __init__(self, path: Path) -> None:
        self._lock = Lock()
        self._database = open_kept(path, _TABLES)

    def is_same(self, project: str, created: str) -> None:
        """BadInput when the project of that number was made at another time than the one that was compared before."""
        with self._lock:
            self._database.execute("INSERT OR IGNORE INTO projects VALUES (?, ?)", (project, created))
            row = self._database.execute("SELECT created FROM projects WHERE project = ?", (project,)).fetchone()
        if row[0] != created:
            raise BadInput(
                f"project {project} of Label Studio was made {created}, the one whose annotations are here {row[0]}: "
                "another Label Studio? Nothing was compared"
            )

    def marks(self, project: str, applied: Mapping[str, str]) -> dict[int, str]:
        """Of every task of a project all of whose annotations have been ``applied`` (their versions) as they were."""
        query = "SELECT task, annotation, version FROM unapplied WHERE project = ?"
        with self._lock, closing(self._database.execute(query, (project,))) as rows:
            open_ = {task for task, annotation, version in rows if applied.get(annotation, "") < version}
        query = "SELECT task, mark FROM tasks WHERE project = ?"
        with self._lock, closing(self._database.execute(query, (project,))) as rows:
            return {int(task): str(mark) for task, mark in rows if task not in open_}

    def mark(self, project: str, task: int, mark: str, unapplied: Mapping[str, str]) -> None:
        """Note that a task was compared as it was then; ``unapplied``: versions of annotations that wait."""
        with self._lock:
            self._database.execute("BEGIN")
            with self._database:
                self._database.execute("INSERT OR REPLACE INTO tasks VALUES (?, ?, ?)", (project, task, mark))
                self._database.execute("DELETE FROM unapplied WHERE project = ? AND task = ?", (project, task))
                rows = [(project, task, annotation, version) for annotation, version in unapplied.items()]
                self._database.executemany("INSERT INTO unapplied VALUES (?, ?, ?, ?)", rows)

    def begin_anew(self) -> None:
        """Forget every mark: all is compared again."""
        with self._lock:
            self._database.execute("DELETE FROM tasks")

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()

"""The store's disk: kill -9, full and read-only disks, newer, foreign and damaged files, network drives."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from semsam_annotate.annotations import AnnotationStore, StoreUnavailable, StoreWarning
from semsam_annotate.annotations.connection import file_system_of, open_database, store_url, transaction
from semsam_annotate.annotations.migrations import MIGRATIONS, bring_up_to_date, prepare
from semsam_annotate.api import BadInput

KILLS = """
import os, random, signal, sys
import numpy as np
from semsam_annotate.annotations import AnnotationStore, ImageRef

path, kills = sys.argv[1], int(sys.argv[2])
rng = random.Random(0)
ref = ImageRef("0" * 64, "a.png", 8, 8)

def child(pipe):
    store = AnnotationStore.open(path)
    while True:
        made = store.accept(ref, mask=np.ones((8, 8), bool), object="car")
        os.write(pipe, made.id.encode() + b"\\n")

told = set()
for _ in range(kills):
    here, there = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(here)
        try:
            child(there)
        finally:
            os._exit(1)
    os.close(there)
    wanted, seen = rng.randrange(1, 6), b""
    while seen.count(b"\\n") < wanted:
        seen += os.read(here, 37)
    os.kill(pid, signal.SIGKILL)
    while rest := os.read(here, 4096):
        seen += rest
    os.close(here)
    os.waitpid(pid, 0)
    told.update(line.decode() for line in seen.split(b"\\n") if len(line) == 36)
    with AnnotationStore.open(path) as store:
        kept = {record.id for record in store.annotations()}
    assert told <= kept, f"lost {told - kept}"
    assert len(kept) <= len(told) + kills
print(len(told))
"""

FULL = """
import resource, sys
import numpy as np
from semsam_annotate.annotations import AnnotationStore, ImageRef, StoreUnavailable

store = AnnotationStore.open(sys.argv[1])
ref = ImageRef("0" * 64, "a.png", 256, 256)
noise = np.random.default_rng(0).random((256, 256)) > 0.5
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
kept = []
try:
    for _ in range(100):
        kept.append(store.accept(ref, mask=noise).id)
except StoreUnavailable as error:
    assert "\\n" not in str(error), error
    assert sys.argv[1] in str(error), error
    print(len(kept))
    print(*kept)
"""


@pytest.fixture
def where(tmp_path):
    return tmp_path / "annotations.sqlite"


def run(script, *arguments):
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)], capture_output=True, text=True, timeout=500
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
def test_nothing_accepted_is_lost_by_kill_9(tmp_path):
    assert int(run(KILLS, tmp_path / "a.sqlite", 10)[0]) >= 10


@pytest.mark.stress
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
def test_nothing_accepted_is_lost_by_200_kills(tmp_path):
    assert int(run(KILLS, tmp_path / "a.sqlite", 200)[0]) >= 200


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on file sizes")
def test_a_full_disk_is_one_line_and_loses_nothing(tmp_path):
    count, *kept = run(FULL, tmp_path / "a.sqlite")
    assert 0 < int(count) < 100
    with AnnotationStore.open(tmp_path / "a.sqlite") as store:
        assert [record.id for record in store.annotations()] == kept


def test_every_commit_is_synced_in_wal_mode(tmp_path):
    with AnnotationStore.open(tmp_path / "a.sqlite") as store, transaction(store._engine) as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2


def test_a_network_drive_gets_no_wal_and_says_so(tmp_path, image, propose):
    with pytest.warns(StoreWarning, match="network drive"):
        engine = open_database(tmp_path / "a.sqlite", file_system="nfs4")
    prepare(engine)
    with AnnotationStore(engine) as store, transaction(engine) as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "delete"
    with AnnotationStore(engine) as store:
        assert store.accept(image, propose()).status == "accepted"
    assert isinstance(file_system_of(tmp_path / "a"), str)


def test_a_newer_store_is_refused(tmp_path):
    path = tmp_path / "a.sqlite"
    AnnotationStore.open(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("insert into semsam_schema values (99)")
    with pytest.raises(BadInput, match="schema 99") as caught:
        AnnotationStore.open(path)
    assert "\n" not in str(caught.value)


def columns(connection):
    return {column["name"] for column in inspect(connection).get_columns("annotation")}


def test_an_older_store_is_migrated_step_by_step_or_not_at_all(tmp_path, store, image, propose):
    made = store.accept(image, propose(), object="car")
    engine = store._engine

    def colour(connection):
        connection.execute(text("ALTER TABLE annotation ADD COLUMN colour VARCHAR"))

    def fails(connection):
        connection.execute(text("CREATE TABLE half (a INTEGER)"))
        raise BadInput("no")

    with pytest.raises(BadInput):
        prepare(engine, [*MIGRATIONS, colour, fails])
    with transaction(engine) as connection:
        assert "colour" not in columns(connection)
    prepare(engine, [*MIGRATIONS, colour])
    with transaction(engine, write=True) as connection:
        assert bring_up_to_date(connection, [*MIGRATIONS, colour]) == len(MIGRATIONS) + 2
        assert "colour" in columns(connection)
    assert store.get(made.id) == made


@pytest.mark.parametrize("content", [b"hello, this is no database" * 50, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_file_is_one_line(tmp_path, content):
    path = tmp_path / "a.sqlite"
    path.write_bytes(content)
    with pytest.raises(StoreUnavailable) as caught:
        AnnotationStore.open(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == content


def test_a_foreign_database_is_left_alone(tmp_path):
    path = tmp_path / "a.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("create table image (a)")
    with pytest.raises(BadInput, match="not an annotation store"):
        AnnotationStore.open(path)


def test_a_place_that_cannot_be_written_is_one_line(tmp_path):
    with pytest.raises(BadInput, match="does not exist"):
        AnnotationStore.open(tmp_path / "missing" / "a.sqlite")
    with pytest.raises(StoreUnavailable, match="cannot be opened"):
        AnnotationStore.open(tmp_path)
    if Path("/proc").is_dir():
        with pytest.raises(StoreUnavailable, match="cannot be opened"):
            AnnotationStore.open("/proc/a.sqlite")


@pytest.mark.skipif(getattr(os, "geteuid", lambda: 0)() == 0, reason="root writes everywhere")
def test_a_read_only_file_is_one_line(tmp_path, image, propose):
    path = tmp_path / "a.sqlite"
    AnnotationStore.open(path).close()
    path.chmod(0o444)
    with AnnotationStore.open(path) as store, pytest.raises(StoreUnavailable, match="read-only"):
        store.accept(image, propose())


def test_urls():
    assert store_url("postgresql://me@host/db").drivername == "postgresql+psycopg"
    for bad in ("nothing://x", "postgresql+nothing://x/y"):
        with pytest.raises(BadInput, match="not a store"):
            store_url(bad)

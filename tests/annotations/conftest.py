"""An image, masks with a hole and two pieces, proposals, and an empty store."""

import os
import shutil
import socket
import subprocess
import tempfile
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from semsam_annotate.annotations import AnnotationStore, ImageRef, Project
from semsam_annotate.api import Proposal

HEIGHT, WIDTH = 24, 32
PASSWORD = "not-to-be-shown"
SPLITS = ("train", "validation", "test")


def make_mask(seed):
    """A mask with a hole and a second piece, another one for every seed."""
    mask = np.zeros((HEIGHT, WIDTH), bool)
    top, left = (int(value) for value in np.random.default_rng(seed).integers(0, 8, 2))
    mask[top : top + 9, left : left + 11] = True
    mask[top + 3 : top + 5, left + 2 : left + 6] = False
    mask[20:23, 27:31] = True
    return mask


@pytest.fixture
def propose():
    def make(seed=0, mask=None, **changes):
        given = make_mask(seed) if mask is None else mask
        plain = {"id": f"p{seed}", "model": "tiny", "score": 0.1 + seed / 7, "stability": 0.5, "level": 1 + seed % 6}
        return Proposal(**{**plain, "box": (0, 0, WIDTH, HEIGHT), "mask": given, **changes})

    return make


@pytest.fixture
def photo(tmp_path):
    """Writes an image file of its own pixels; gives its reference."""

    def make(seed=0, name=None, size=(HEIGHT, WIDTH)):
        rgb = np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8)
        path = tmp_path / "photos" / (name or f"{seed}.png")
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rgb).save(path)
        return ImageRef.of(path, rgb, tmp_path / "photos")

    return make


@pytest.fixture
def image(photo):
    return photo()


@pytest.fixture(scope="session")
def postgres():
    """Makes places for stores on a real server on loopback, which asks for a password; gives their URLs."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not programs:
        pytest.skip("no PostgreSQL server here: apt-get install postgresql")
    psycopg = pytest.importorskip("psycopg")
    binaries, home = programs[-1].parent, Path(tempfile.mkdtemp(prefix="semsam-pg-"))
    # As most servers are set up: UTF-8, texts in the order of a language (older servers cannot without the system's).
    language = ("--locale-provider=icu", "--icu-locale=en-US") if int(binaries.parent.name) >= 15 else ()
    texts = ("--encoding=UTF8", "--locale=C.UTF-8", *language)
    (home / "password").write_text(PASSWORD)
    plain = []
    if os.geteuid() == 0:  # the server refuses to run as root
        plain = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
        for path in (home, home / "password"):
            shutil.chown(path, "nobody", "nogroup")

    def run(program, *arguments):
        command = [*plain, str(binaries / program), "-D", str(home / "data"), *arguments]
        nowhere = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
        done = subprocess.run(command, **nowhere, stderr=subprocess.PIPE, text=True, cwd=home, timeout=120)
        assert done.returncode == 0, done.stderr

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    try:
        password = ("-A", "scram-sha-256", "--pwfile", str(home / "password"))
        run("initdb", "-U", "semsam", *password, "--no-sync", *texts)
        options = f"-h 127.0.0.1 -p {port} -k {home} -c fsync=off -c max_connections=60"
        run("pg_ctl", "start", "-w", "-o", options, "-l", str(home / "log"))
        root = f"postgresql://semsam:{PASSWORD}@127.0.0.1:{port}"
        numbers = count(1)

        def make():
            name = f"s{next(numbers)}"
            with psycopg.connect(f"{root}/postgres", autocommit=True) as connection:
                connection.execute(f"CREATE SCHEMA {name}")
            return f"{root}/postgres?options=-csearch_path%3D{name}"

        yield make
    finally:
        if (home / "data" / "postmaster.pid").exists():
            run("pg_ctl", "stop", "-m", "immediate")
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request, tmp_path):
    """Where a new store goes: a file, or a database of a real server."""
    if request.param == "postgresql":
        return request.getfixturevalue("postgres")()
    return tmp_path / "annotations.sqlite"


@pytest.fixture
def store(where):
    with AnnotationStore.open(where) as opened:
        yield opened


@pytest.fixture
def project(where, tmp_path):
    with Project.create(tmp_path / "work", objects=["car"], parts=["wheel"], store=str(where)) as made:
        yield made


@pytest.fixture
def other(tmp_path):
    with Project.create(tmp_path / "other", objects=["bus"], parts={"door": ["bus"]}) as made:
        yield made


@pytest.fixture
def projects(tmp_path_factory, photo, propose):
    """Projects with a scene of (seed, image, hangs below the last one, names and facts) entries, an image a split."""

    def make(scene):
        folder, last = tmp_path_factory.mktemp("layouts"), {}
        refs = [photo(seed) for seed in range(3)]
        with Project.create(folder / "project") as project:
            for seed, which, below, facts in scene:
                above = last.get(which) if below else None
                last[which] = project.store.accept(refs[which], propose(seed), part_of=above, **facts).id
            for number, ref in enumerate(refs):
                project.store.register(ref)
                project.store.splits.assign(ref.sha256, SPLITS[number])
        return folder

    return make


@pytest.fixture
def full_disk():
    """While it is entered, no file of this process grows beyond so many bytes."""
    resource = pytest.importorskip("resource")

    @contextmanager
    def limited(size):
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    return limited

"""The order of ``semsam next`` is read once, and the queue is that of a project opened afresh, whatever happens."""

import json
import os
import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from semsam_annotate.annotations import Project, read_image
from semsam_annotate.annotations.next_images import FILE, NextImage, NextImages, Review, write_next
from semsam_annotate.annotations.next_order import NextOrder

REVIEW = (Review((0.0, 1.0, 2.0, 3.0), "car", 0.5, 0.4),)


@pytest.fixture
def ranked(project, photo, tmp_path):
    """A project of six images in two folders, one of them inside of it, and what ranks images of it."""
    (project.folder / "inside").mkdir()
    for seed in range(6):
        photo(seed, f"{seed}.png" if seed % 2 else project.folder / "inside" / f"{seed}.png")
    project.add_images([tmp_path / "photos", project.folder / "inside"])

    def rank(paths, serving="packaged"):
        names = [
            str(path.relative_to(project.folder)) if project.folder in path.parents else str(path) for path in paths
        ]
        images = tuple(NextImage(name, name, 1.0, REVIEW) for name in names)
        write_next(project.models, NextImages("random", "v", serving, "2030", images))

    return project, rank


@pytest.fixture
def read(monkeypatch):
    """The orders that were parsed."""
    found, loads = [], json.loads

    def count(text, **options):
        content = loads(text, **options)
        if isinstance(content, dict) and "strategy" in content:
            found.append(content)
        return content

    monkeypatch.setattr(json, "loads", count)
    return found


def promote(project, *versions):
    (project.models / "active.json").write_text(json.dumps({"promoted": versions}))


def test_an_order_is_read_once_until_another_is_written(ranked, read, propose):
    project, rank = ranked
    paths = project.images()
    rank(paths[::-1])
    for _ in range(3):
        assert project.queue() == paths[::-1]
    project.store.accept(project.ref(paths[0], read_image(paths[0])), propose(), object="car")
    assert project.queue() == [*paths[:0:-1], paths[0]]
    promote(project, "v")
    assert project.queue() == [*paths[1:], paths[0]]
    promote(project)
    assert project.queue()[0] == paths[-1]
    assert len(read) == 1
    rank(paths[2:])
    assert project.queue() == [*paths[2:], paths[1], paths[0]]
    assert len(read) == 2
    (project.models / FILE).unlink()
    assert project.queue() == [*paths[1:], paths[0]]


def test_threads_read_an_order_once(ranked, read):
    project, rank = ranked
    rank(project.images())
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: project.order.holding(), range(40)))
    assert len(read) == 1
    assert all(one is found[0] for one in found)


def test_another_order_of_the_same_size_and_time_is_another(ranked):
    project, rank = ranked
    paths = project.images()[:2]
    file = project.models / FILE
    rank(paths)
    before, times = project.order.holding(), file.stat()
    rank(paths[::-1])
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert file.stat().st_size == times.st_size
    assert project.order.holding().images == before.images[::-1]


def test_a_damaged_order_is_none_and_read_once(tmp_path, read):
    order = NextOrder(tmp_path)
    assert order.last() is None
    (tmp_path / FILE).write_text('{"strategy": "random", "images": [{"path": 3}]}')
    assert [order.last(), order.last()] == [None, None]
    assert len(read) == 1


@pytest.mark.parametrize("seed", range(3))
def test_the_queue_that_was_kept_is_that_of_a_project_opened_now(ranked, propose, photo, tmp_path, seed):
    project, rank = ranked
    chance = random.Random(seed)

    def images(count):
        return chance.sample(project.images(), count)

    def tell():
        path = images(1)[0]
        project.store.states.tell(project.ref(path, read_image(path)), chance.choice(("done", "skipped", "open")))

    def accept():
        path = images(1)[0]
        project.store.accept(project.ref(path, read_image(path)), propose(chance.randrange(6)), object="car")

    steps = (
        tell,
        accept,
        lambda: rank(images(chance.randrange(7))),
        lambda: promote(project, *chance.choice(((), ("v",)))),
        lambda: photo(chance.randrange(10, 20), f"{chance.randrange(10, 20)}.png"),
    )
    for _ in range(25):
        chance.choice(steps)()
        found = project.queue()
        with Project.open(project.folder) as again:
            assert found == again.queue()
        found.clear()  # what was given away is not what is kept

"""What is new since a training and a try of the loop: always what comparing the ids of masks would say."""

import json
import random
from contextlib import contextmanager

import numpy as np
import pytest
from sqlalchemy import event

from semsam_annotate.annotations import ImageRef, Project
from semsam_annotate.annotations.retraining.counts import MaskCounter
from semsam_annotate.annotations.retraining.known_masks import KnownMasks
from semsam_annotate.annotations.retraining.learned import FILE, learned_by
from semsam_annotate.annotations.retraining.loop import Loop
from semsam_annotate.annotations.retraining.memory import LoopMemory
from semsam_annotate.annotations.retraining.run import last_finished
from semsam_annotate.annotations.retraining.writer import recorded
from semsam_annotate.annotations.splits import hashed_split
from semsam_annotate.annotations.upkeep.forgetting import forget
from semsam_annotate.annotations.upkeep.merging import merge
from semsam_annotate.api import BadInput

IMAGES = [ImageRef(f"{number:064x}", f"{number}.png", 8, 8) for number in range(6)]
NOTHING = KnownMasks()


def accept(project, image=IMAGES[0], **facts):
    return project.store.accept(image, mask=np.eye(8, dtype=bool), object="car", **facts).id


def train(project, ids):
    with recorded(project.models) as run:
        run.took(ids)
        run.finish({"version": "v"})


def new_by_ids(project, tried):
    """The definition: accepted masks out of test images that neither the last training nor the last try had."""
    splits = {image: split.split for image, split in project.store.splits.all().items()}
    last = last_finished(project.models)
    known = tried | (frozenset() if last is None else last.masks)
    accepted = project.store.accepted_ids().items()
    told = [(id, splits.get(image) or hashed_split(image, project.config.validation)) for id, image in accepted]
    fresh = sum(split != "test" and id not in known for id, split in told)
    return fresh, sum(split == "train" for _, split in told)


def happen(project, chance, ids):
    """Something that people and programs do to a store."""
    image, store = chance.choice(IMAGES), project.store
    what = chance.choice(["accept", "accept", "plane", "delete", "accepted", "undo", "correct", "reject", "test"])
    if what in ("accept", "plane"):
        ids.append(accept(project, image, plane=(1,) if what == "plane" else ()))
    elif what == "test":
        store.register(image)
        store.splits.assign(image.sha256, chance.choice(["train", "test", "validation"]))
    elif ids:
        id = chance.choice(ids)
        done = {"delete": store.delete, "undo": store.undo, "reject": lambda id: store.set_status(id, "rejected")}
        done |= {"accepted": lambda id: store.set_status(id, "accepted"), "correct": store.supersede}
        try:
            ids.append(done[what](id).id)
        except BadInput:
            return


@pytest.mark.parametrize("seed", range(3))
def test_it_is_what_the_ids_say_whatever_happens(project, seed):
    chance, ids, tried, by_ids, lasting = random.Random(seed), [], NOTHING, frozenset(), MaskCounter(project)
    for _ in range(60):
        for _ in range(chance.randrange(4)):
            happen(project, chance, ids)
        now = project.store.accepted_ids()
        if chance.random() < 0.15:
            tried, by_ids = KnownMasks.in_store(project.store), frozenset(now)
        elif chance.random() < 0.15:
            tried = KnownMasks.of(project.store, by_ids)
        elif chance.random() < 0.15:
            train(project, [*chance.sample(sorted(now), len(now) * 2 // 3), "gone"])
        expected = new_by_ids(project, by_ids)
        assert lasting.new(tried) == MaskCounter(project).new(tried) == expected
        assert MaskCounter(project).all().fresh == new_by_ids(project, frozenset())[0]


def test_accepted_again_is_known_and_an_undone_deletion_from_before_is_not(project):
    first, second = accept(project), accept(project)
    project.store.delete(second)
    tried, counter = KnownMasks.in_store(project.store), MaskCounter(project)
    project.store.delete(first)
    project.store.undo(first)
    assert counter.new(tried)[0] == 0
    project.store.undo(second)
    assert counter.new(tried)[0] == 1


def test_what_a_merge_brings_is_new_however_old_it_is(project, other):
    accept(other)
    accept(project)
    tried, counter = KnownMasks.in_store(project.store), MaskCounter(project)
    assert counter.new(tried)[0] == 0
    merge(project, other)
    assert counter.new(tried)[0] == 1


def test_ids_of_an_older_version_are_read_on_and_written_shorter(project):
    known = [accept(project) for _ in range(3)]
    accept(project)
    row = {"tried": known, "since": None, "attempts": 1, "pid": 0, "host": "", "before": 0}
    project.models.mkdir(exist_ok=True)
    (project.models / "loop-tried.json").write_text(json.dumps(row))
    assert MaskCounter(project).new(LoopMemory.read(project.models).tried)[0] == 1
    with Loop(project) as loop:
        loop.step()
    kept = LoopMemory.read(project.models).tried
    assert (len(kept.without), len(kept.besides)) == (1, 0)
    assert MaskCounter(project).new(kept)[0] == 1


def test_numbers_of_events_that_come_again_stand_for_nothing(project):
    known = accept(project, author="ann")
    accept(project, author="bob")
    train(project, [known])
    run = last_finished(project.models)
    tried, before = KnownMasks.in_store(project.store), learned_by(run, project.store)
    assert (run.folder / FILE).is_file()
    forget(project, "bob")
    for _ in range(3):
        accept(project)
    assert MaskCounter(project).new(tried) == (3, 4)
    assert learned_by(run, project.store) != before


@contextmanager
def masks_asked(project):
    """The statements that ask for accepted masks."""
    found = []

    def look(connection, cursor, statement, *_):
        if "JOIN standing" in statement:
            found.append(statement)

    event.listen(project.store.engine, "before_cursor_execute", look)
    yield found
    event.remove(project.store.engine, "before_cursor_execute", look)


def test_a_look_asks_for_the_masks_of_images_that_changed_alone(project):
    for image in IMAGES:
        accept(project, image)
    counter, tried = MaskCounter(project), KnownMasks.in_store(project.store)
    counter.new(tried)
    with masks_asked(project) as asked:
        assert counter.new(tried)[0] == 0
    assert asked == []
    accept(project, IMAGES[2])
    with masks_asked(project) as asked:
        assert counter.new(tried)[0] == 1
    assert ["sha256 IN" in one for one in asked] == [True]


def test_a_try_is_remembered_in_few_words_whatever_there_is(project):
    for _ in range(50):
        accept(project)
    with Loop(project, after=1, command=["true"]) as loop:
        assert loop.step().act == "start"
        loop.child.wait()
    assert (project.models / "loop-tried.json").stat().st_size < 600
    with Project.open(project.folder) as again:
        assert MaskCounter(again).new(LoopMemory.read(again.models).tried)[0] == 0

"""Two projects become one without doubles, a person's data goes, and what is left holds together."""

import sqlite3
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from semsam_annotate.annotations import Project, Source
from semsam_annotate.annotations.journal import Deed, Desk
from semsam_annotate.annotations.people.authors import figures
from semsam_annotate.annotations.people.conflicts import choose
from semsam_annotate.annotations.people.history import history
from semsam_annotate.annotations.reviewing import APPROVED, CHANGES, Word
from semsam_annotate.annotations.upkeep.checking import check
from semsam_annotate.annotations.upkeep.forgetting import forget, traces
from semsam_annotate.annotations.upkeep.merging import merge
from semsam_annotate.api import BadInput, Prompt


def states(store):
    return {
        (record.id, record.status, record.review, record.part_of, record.supersedes)
        for record in store.annotations(None)
    }


def test_merging_brings_everything_once(project, other, photo, image, propose):
    mine = project.store.accept(image, propose(0), object="car", author="ann")
    source = Source("label-studio", "1", "7")
    hooked = project.store.accept(image, propose(1), object="car", source=source)
    project.store.register(photo(4))
    project.store.splits.assign(photo(4).sha256, "train")
    same = other.store.accept(image, propose(0), object="car", author="ann")
    fresh = other.store.accept(image, propose(0), object="car", author="ben")
    part = other.store.accept(image, propose(2), part="door", part_of=same.id, author="ben")
    other.store.accept(image, propose(1), object="car", source=source)
    gone = other.store.accept(photo(4), propose(3), object="bus", author="ben")
    other.store.delete(gone.id, "ben")
    other.store.splits.assign(photo(4).sha256, "validation")
    other.store.states.tell(photo(4), "done", "ben")
    report = merge(project, other)
    assert (report.added, report.known, report.doubles, report.images) == (3, 1, 1, 0)
    assert report.splits == [photo(4).path]
    assert project.store.splits.get(photo(4).sha256).split == "train"
    assert {record.id for record in project.store.annotations()} == {mine.id, hooked.id, fresh.id, part.id}
    assert (project.store.get(part.id).part_of, project.store.get(gone.id).status) == (mine.id, "deleted")
    assert (project.config.objects[-1].name, project.config.parts[-1].name) == ("bus", "door")
    assert check(project.store) == []
    before, line = states(project.store), history(project.store)
    again = merge(project, other)
    assert (again.added, again.events, again.images) == (0, 0, 0)
    assert (states(project.store), history(project.store)) == (before, line)
    other.store.review(fresh.id, "approved", "cem", "fine")
    newer = other.store.supersede(same.id, object="bus", author="ben")
    assert merge(project, other).added == 1
    assert project.store.get(fresh.id).review == "approved"
    assert (project.store.get(mine.id).status, project.store.get(newer.id).supersedes) == ("superseded", mine.id)
    assert project.store.get(part.id).part_of == newer.id
    assert check(project.store) == []
    assert merge(project, other).added == 0
    with pytest.raises(BadInput, match="with itself"):
        merge(project, project)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["accept", "part", "correct", "delete", "review", "undo"]),
        st.sampled_from("ab"),
        st.integers(0, 20),
    ),
    max_size=12,
)


def play(store, image, propose, steps):
    """Two people work; what does not fit is refused and left out."""
    for step, author, pick in steps:
        live = store.annotations(image=image)
        chosen = live[pick % len(live)] if live else None
        desk = Desk(image, (), author)
        try:
            if step == "accept" or chosen is None:
                store.accept(image, propose(pick % 5), object=f"o{pick % 3}", author=author, clicks=pick)
            elif step == "part":
                store.accept(image, propose(pick % 5), part="wheel", part_of=chosen.id, author=author)
            elif step == "correct":
                store.journal.perform(desk, Deed("corrected", correct=((chosen.id, {"object": f"c{pick}"}),)))
            elif step == "delete":
                store.journal.perform(desk, Deed("deleted", delete=(chosen.id,)))
            elif step == "review":
                word = Word(APPROVED) if pick % 2 else Word(CHANGES, comment=f"words of {author}")
                store.journal.perform(desk, Deed("reviewed", review=((chosen.id, word),)))
            else:
                store.journal.undo(desk)
        except BadInput:
            pass


@hypothesis_settings(max_examples=20, deadline=None)
@given(steps=STEPS)
def test_any_work_merges_into_an_empty_project_as_it_was(steps, tmp_path_factory, photo, propose):
    folder, image = tmp_path_factory.mktemp("merge"), photo()
    with Project.create(folder / "a") as theirs, Project.create(folder / "b") as mine:
        play(theirs.store, image, propose, steps)
        merge(mine, theirs)
        assert states(mine.store) == states(theirs.store)
        assert [(tally.state, tally.accepted) for tally in mine.store.states.since()[1]] == [
            (tally.state, tally.accepted) for tally in theirs.store.states.since()[1]
        ]
        assert check(mine.store) == []
        assert merge(mine, theirs).added == merge(theirs, mine).added == 0
        assert states(mine.store) == states(theirs.store)


@hypothesis_settings(max_examples=20, deadline=None)
@given(steps=STEPS)
def test_a_forgotten_author_leaves_a_whole_store_and_no_trace(steps, tmp_path_factory, photo, propose):
    folder, image = tmp_path_factory.mktemp("forget"), photo()
    with Project.create(folder / "a") as project:
        project.store.accept(image, propose(0), object="kept", author="b")
        project.store.accept(image, propose(0), object="gone", author="a", prompt=Prompt(points=[(1, 2)]))
        play(project.store, image, propose, steps)
        kept = {record.id for record in project.store.annotations(None) if record.author == "b"}
        expected = traces(project, "a")
        assert replace(forget(project, "a"), wiped=False) == expected
        assert {record.id for record in project.store.annotations(None)} == kept
        assert check(project.store) == []
        assert "a" not in {one.author for one in figures(project.store)}
        with pytest.raises(BadInput, match="nobody called"):
            traces(project, "a")
        with suppress(BadInput):  # what the other had changed stays
            for _ in range(len(steps)):
                project.store.journal.undo(Desk(image, (), "b"))
        assert check(project.store) == []


def test_forgetting_gives_back_what_was_corrected_and_parts_a_parent(project, image, propose):
    store, words = project.store, {"prompt": Prompt(points=[(3, 4)]), "clicks": 3, "seconds": 9.5}
    car = store.accept(image, propose(0), object="car", author="ben")
    van = store.supersede(car.id, object="van", author="ann")
    wheel = store.accept(image, propose(1), part="wheel", part_of=van.id, author="ben")
    hers = store.accept(image, propose(2), object="cat", author="ann", **words)
    his = store.supersede(hers.id, object="dog", author="ben")
    rim = store.accept(image, propose(3), part="rim", part_of=hers.id, author="cem")
    rival = store.accept(image, propose(4), object="cow", author="cem")
    picked = store.accept(image, propose(4), object="ox", author="ann")
    choose(store, picked.id, "ann")
    store.states.tell(image, "done", "ann")
    forget(project, "ann")
    assert {record.id for record in store.annotations()} == {car.id, wheel.id, his.id, rim.id, rival.id}
    assert (store.get(wheel.id).part_of, store.get(rim.id).part_of) == (car.id, his.id)
    left = store.get(his.id)
    assert (left.prompt, left.clicks, left.seconds, left.supersedes) == (None, None, None, None)
    assert store.states.all()[0][1] == "done"
    assert check(store) == []
    assert "ann" not in " ".join(map(str, history(store)))


def test_what_was_forgotten_is_not_in_the_file_any_more(tmp_path, image, propose):
    with Project.create(tmp_path / "work") as project:
        project.store.accept(image, propose(0), object="car", author="Marguerite")
        project.store.accept(image, propose(0), object="car", author="ben")
        with sqlite3.connect(project.folder / "annotations.sqlite") as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM annotation").fetchone()
            project.store.accept(image, propose(1), object="car", author="Leonard")
            assert not forget(project, "Leonard").wiped
        reader.close()
        assert forget(project, "Marguerite").wiped
        held = b"".join(path.read_bytes() for path in project.folder.rglob("annotations.sqlite*"))
    assert b"ben" in held
    assert b"Marguerite" not in held
    assert b"Leonard" not in held

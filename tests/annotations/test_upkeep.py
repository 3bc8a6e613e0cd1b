"""Looking after a store: what is damaged is found, what can be is mended, copies are whole, nothing comes twice."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from semsam_annotate.annotations import AnnotationStore, Project, Source
from semsam_annotate.annotations.journal import Deed, Desk
from semsam_annotate.annotations.people.authors import figures
from semsam_annotate.annotations.people.conflicts import choose
from semsam_annotate.annotations.people.history import history
from semsam_annotate.annotations.upkeep.backup import back_up
from semsam_annotate.annotations.upkeep.checking import check
from semsam_annotate.annotations.upkeep.forgetting import forget, traces
from semsam_annotate.annotations.upkeep.merging import merge
from semsam_annotate.annotations.upkeep.repairing import repair
from semsam_annotate.api import BadInput, Prompt


@pytest.fixture
def project(where, tmp_path):
    with Project.create(tmp_path / "work", objects=["car"], parts=["wheel"], store=str(where)) as made:
        yield made


@pytest.fixture
def other(tmp_path):
    with Project.create(tmp_path / "other", objects=["bus"], parts={"door": ["bus"]}) as made:
        yield made


def break_it(store, *statements):
    """Damage that no method of the store does; keys are not looked at meanwhile."""
    server = store.engine.dialect.name == "postgresql"
    with store.engine.connect() as connection:
        raw = connection.connection.driver_connection
        raw.execute("SET session_replication_role = replica" if server else "PRAGMA foreign_keys=OFF")
        for statement in statements:
            raw.execute(statement)
        if server:
            raw.execute("SET session_replication_role = DEFAULT")
            raw.commit()
        else:
            raw.execute("PRAGMA foreign_keys=ON")


def kinds(store):
    return {problem.kind for problem in check(store)}


DAMAGE = {
    "masks that cannot be decoded": """UPDATE annotation SET mask = '{"size": [24, 32], "counts": "00"}' """
    """WHERE id = '{id}'""",
    "masks of another size than their image": "UPDATE image SET height = 25",
    "parts that are parts of themselves": "UPDATE annotation SET part_of = '{part}' WHERE id = '{id}'",
    "corrections in a circle": "UPDATE annotation SET supersedes = id WHERE id = '{id}'",
    "parts of masks that are not there": "UPDATE annotation SET part_of = 'nobody' WHERE id = '{part}'",
    "parts of masks in another image or plane": "UPDATE annotation SET plane = '[1]' WHERE id = '{part}'",
    "events of masks that are not there": "UPDATE event SET annotation = 'nobody' WHERE annotation = '{part}'",
    "masks without a status": "DELETE FROM event WHERE annotation = '{part}'",
    "groups of images in several splits": "UPDATE image_split SET split = 'test' WHERE sha256 = '{sha}'",
    "masks whose status is not what their events say": "UPDATE standing SET status = 'deleted'",
    "images whose masks are counted wrongly": "UPDATE tally SET accepted = 7",
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_every_damage_is_found_and_nothing_else_is_said_of_a_whole_store(kind, store, photo, image, propose):
    car = store.accept(image, propose(0), object="car")
    wheel = store.accept(image, propose(1), part="wheel", part_of=car.id)
    store.register(photo(5))
    for ref in (image, photo(5)):
        store.splits.assign(ref.sha256, "train", "walk")
    store.delete(store.supersede(car.id, object="bus").id)
    assert check(store) == []
    statement = DAMAGE[kind]
    for name, value in (("{id}", car.id), ("{part}", wheel.id), ("{sha}", image.sha256)):
        statement = statement.replace(name, value)
    break_it(store, statement)
    assert kind in kinds(store)


def test_sums_are_mended_after_a_copy_and_rows_are_left_alone(project, image, propose, tmp_path):
    made = project.store.accept(image, propose(0), object="car")
    before = project.store.states.since()[1]
    copy = tmp_path / "before.sqlite"
    assert repair(project, copy, check(project.store)) == []
    assert not copy.exists()
    break_it(project.store, "UPDATE standing SET status = 'rejected'", "DELETE FROM tally")
    found = check(project.store)
    assert len(found) == 2
    assert repair(project, copy, found) == []
    assert project.store.annotations() == [made]
    assert project.store.states.since()[1] == before
    assert [line.what.split(":")[0] for line in history(project.store)] == ["repair"]
    if project.store.engine.dialect.name == "sqlite":
        with AnnotationStore.open(copy) as old:
            assert old.get(made.id).status == "rejected"


WRITING = """
import sys
import numpy as np
from semsam_annotate.annotations import AnnotationStore, ImageRef
ref = ImageRef("0" * 64, "a.png", 8, 8)
with AnnotationStore.open(sys.argv[1]) as store:
    while True:
        print(store.accept(ref, mask=np.ones((8, 8), bool)).id, flush=True)
"""


def test_a_backup_is_whole_while_somebody_writes(tmp_path):
    with Project.create(tmp_path / "work", objects=["car"]) as project:
        file = project.folder / "annotations.sqlite"
        writer = subprocess.Popen([sys.executable, "-c", WRITING, str(file)], stdout=subprocess.PIPE, text=True)
        try:
            first = [writer.stdout.readline().strip() for _ in range(20)]
            told = []
            copy = back_up(project, tmp_path / "copy", lambda done, total: told.append((done, total)))
            writer.stdout.readline()
            assert writer.poll() is None
        finally:
            writer.kill()
            writer.wait()
        assert told[-1][0] == told[-1][1] > 0
        with pytest.raises(BadInput, match="there already"):
            back_up(project, tmp_path / "copy")
    assert sorted(path.name for path in copy.parent.iterdir()) == ["annotations.sqlite", "project.toml"]
    with Project.open(copy.parent) as again:
        kept = {record.id for record in again.store.annotations()}
        assert set(first) <= kept
        assert check(again.store) == []


def test_a_server_makes_its_own_backups(postgres, tmp_path):
    with Project.create(tmp_path / "work", store=postgres()) as project, pytest.raises(BadInput, match="pg_dump"):
        back_up(project, tmp_path / "copy")


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
        st.sampled_from(["accept", "part", "correct", "delete", "undo"]), st.sampled_from("ab"), st.integers(0, 20)
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


@hypothesis_settings(max_examples=30, deadline=None)
@given(steps=STEPS)
def test_a_forgotten_author_leaves_a_whole_store_and_no_trace(steps, tmp_path_factory, photo, propose):
    folder, image = tmp_path_factory.mktemp("forget"), photo()
    with Project.create(folder / "a") as project:
        project.store.accept(image, propose(0), object="kept", author="b")
        project.store.accept(image, propose(0), object="gone", author="a", prompt=Prompt(points=[(1, 2)]))
        play(project.store, image, propose, steps)
        kept = {record.id for record in project.store.annotations(None) if record.author == "b"}
        expected = traces(project, "a")
        assert forget(project, "a") == expected
        assert {record.id for record in project.store.annotations(None)} == kept
        assert check(project.store) == []
        assert "a" not in {one.author for one in figures(project.store)}
        with pytest.raises(BadInput, match="nobody called"):
            traces(project, "a")
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
        forget(project, "Marguerite")
        held = b"".join(path.read_bytes() for path in project.folder.rglob("annotations.sqlite*"))
    assert b"ben" in held
    assert b"Marguerite" not in held


def test_a_project_of_many_images_is_listed_by_what_changed(tmp_path, propose, photo):
    folder = tmp_path / "photos"
    refs = [photo(seed, f"{seed // 3}/{seed}.png") for seed in range(9)]
    with Project.create(tmp_path / "work", images=[folder]) as project:
        assert [row.state for row in project.progress()] == ["new"] * 9
        ref = refs[4]
        project.store.accept(project.ref(folder / "1/4.png", np.zeros((1, 1, 3), np.uint8)), mask=np.ones((1, 1), bool))
        assert [row.accepted for row in project.progress()] == [0] * 4 + [1] + [0] * 4
        photo(9, "3/9.png")
        (folder / "0" / "0.png").unlink()
        assert [row.path.name for row in project.progress()] == [f"{seed}.png" for seed in range(1, 10)]
        assert project.progress()[3].accepted == 1
        assert ref.path == "1/4.png"
        with AnnotationStore.open(project.folder / "annotations.sqlite") as beside:
            beside.states.tell(project.store.images()[0], "skipped")
        assert project.progress()[3].state == "skipped"
        assert len(project.queue()) == 8

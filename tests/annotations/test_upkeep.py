"""Looking after a store: what is damaged is found, what can be is mended, copies are whole, nothing comes twice."""

import subprocess
import sys

import numpy as np
import pytest

from semsam_annotate.annotations import AnnotationStore, Project, StoreUnavailable
from semsam_annotate.annotations.drafts import draft
from semsam_annotate.annotations.journal import Deed, Desk
from semsam_annotate.annotations.people.history import history
from semsam_annotate.annotations.upkeep.backup import back_up
from semsam_annotate.annotations.upkeep.checking import check
from semsam_annotate.annotations.upkeep.repairing import repair
from semsam_annotate.api import BadInput


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
    "records that cannot be read": "UPDATE annotation SET plane = '{plane}' WHERE id = '{id}'",
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
    for name, value in (
        ("{id}", car.id), ("{part}", wheel.id), ("{sha}", image.sha256), ("{plane}", '{"a": 1}'),
    ):  # fmt: skip
        statement = statement.replace(name, value)
    break_it(store, statement)
    assert kind in kinds(store)


@pytest.mark.parametrize("column", ["mask", "plane", "ladder", "prompt", "proposed_mask"])
@pytest.mark.parametrize("text", ["", "[1", "no json", pytest.param("[" * 100_000, id="deep")])
def test_a_text_that_is_no_json_is_found_and_told_in_one_line(column, text, tmp_path, image, propose):
    with AnnotationStore.open(tmp_path / "annotations.sqlite") as store:  # a server takes no such text
        id = store.accept(image, propose(0), object="car").id
        break_it(store, f"UPDATE annotation SET {column} = '{text}'")
        (problem,) = check(store)
        assert (problem.kind.split()[-1], problem.examples) == ("decoded" if column == "mask" else "read", (id,))
        with pytest.raises(StoreUnavailable, match=r"^store .*sqlite: a record is damaged; semsam project check names"):
            store.get(id)


def test_damaged_rows_of_steps_and_of_the_trail_are_named(tmp_path, image, propose):
    with AnnotationStore.open(tmp_path / "annotations.sqlite") as store:
        store.journal.perform(Desk(image), Deed("accept", (draft(image, propose(0), {"object": "car"}),)))
        break_it(store, "UPDATE journal SET gone = '[1'", "INSERT INTO audit VALUES (1, 'merge', '{', '2030')")
        assert kinds(store) == {"rows of journal that cannot be read", "rows of audit that cannot be read"}


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

"""What a person waits for must not grow with the store: no statement of it reads a whole table of records or events."""

import pytest
from sqlalchemy import event

from semsam_annotate.annotations import AnnotationStore
from semsam_annotate.annotations.connection import transaction
from semsam_annotate.annotations.journal import Deed, Desk
from semsam_annotate.annotations.outgoing import Stored

GROW_WITH_IMAGES = {"image", "tally", "image_split"}


def plans(store, work):
    """The query plan of every statement that ``work`` sends, as SQLite tells it."""
    sent = []

    def keep(_connection, _cursor, statement, parameters, _context, many):
        if statement.startswith(("SELECT", "UPDATE", "INSERT", "DELETE")):
            sent.append((statement, parameters[0] if many else parameters))

    event.listen(store.engine, "before_cursor_execute", keep)
    work()
    event.remove(store.engine, "before_cursor_execute", keep)
    with transaction(store.engine) as connection:
        raw = connection.connection.driver_connection
        return [
            (line[3], sent_one)
            for sent_one, values in sent
            for line in raw.execute(f"EXPLAIN QUERY PLAN {sent_one}", values)
        ]


@pytest.fixture
def where(tmp_path):
    return tmp_path / "annotations.sqlite"


def test_nothing_that_a_person_waits_for_reads_all_records(where, image, propose):
    with AnnotationStore.open(where) as store:
        car = store.accept(image, propose(0), object="car")
        desk = Desk(image, (), "ann")

        def work():
            store.accept(image, propose(1), part="wheel", part_of=car.id, author="ann")
            store.journal.perform(desk, Deed("corrected", correct=((car.id, {"object": "bus"}),)))
            store.journal.undo(desk)
            store.annotations(image=image)
            store.review(car.id, "approved")
            store.states.tell(image, "done")
            store.states.since(3)
            store.count()
            with transaction(store.engine) as connection:
                stored = Stored(connection, {})
                several = [image.sha256, *map(str, range(9))]
                stored.light(several)
                stored.records(several)

        found = plans(store, work)
        assert len(found) > 40
        begun_at_status = [line for line in found if "status=?" in line[0]]
        scanned = [line for line in found if line[0].startswith("SCAN") and line[0].split()[1] not in GROW_WITH_IMAGES]
        assert begun_at_status == []
        assert [line for line in scanned if "CONSTANT ROW" not in line[0]] == []

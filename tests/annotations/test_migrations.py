"""A store of the first schema becomes one of the newest, with everything in it, on SQLite and on PostgreSQL."""

from sqlalchemy import inspect, text

from semsam_annotate.annotations import AnnotationStore
from semsam_annotate.annotations.connection import transaction
from semsam_annotate.annotations.journal import Deed, Desk

NEWER = ("journal", "image_state", "standing", "tally", "audit")


def shape(connection):
    """Columns by name, since a later version adds them at the end, and indices."""
    seen = inspect(connection)
    return {
        name: (
            sorted((column["name"], str(column["type"]), column["nullable"]) for column in seen.get_columns(name)),
            sorted((index["name"], tuple(index["column_names"]), index["unique"]) for index in seen.get_indexes(name)),
        )
        for name in sorted(seen.get_table_names())
        if name.split("_")[0] != "sqlite"
    }


def test_a_store_of_the_first_schema_is_brought_up_to_date(where, store, image, photo, propose):
    made = store.accept(image, propose(1), object="car")
    wheel = store.accept(image, propose(2), part="wheel", part_of=made.id)
    bus = store.supersede(made.id, object="bus")
    gone = store.accept(photo(3), propose(3))
    store.delete(gone.id)
    store.review(wheel.id, "approved", "bob")
    counted = sorted(store.states.since()[1], key=lambda tally: tally.path)
    with transaction(store._engine, write=True) as connection:
        wanted = shape(connection)
        for name in NEWER:
            connection.execute(text(f"DROP TABLE {name}"))
        connection.execute(text("ALTER TABLE event DROP COLUMN comment"))
        connection.execute(text("DROP INDEX ix_annotation_part_of"))
        connection.execute(text("DELETE FROM semsam_schema"))
        connection.execute(text("INSERT INTO semsam_schema VALUES (1)"))
    with AnnotationStore.open(where) as again:
        assert [record.id for record in again.annotations()] == [wheel.id, bus.id]
        assert (again.get(wheel.id).review, again.get(wheel.id).part_of) == ("approved", bus.id)
        assert sorted(again.states.since()[1], key=lambda tally: tally.path) == counted
        again.journal.perform(Desk(image), Deed("delete", delete=(bus.id,)))
        again.states.tell(image, "done")
        assert ("0.png", "done", 1) in again.states.all()
        with transaction(again._engine) as connection:
            assert shape(connection) == wanted

"""What has become of records that came from another system."""

import pytest
from sqlalchemy import text

from semsam_annotate.annotations.connection import transaction
from semsam_annotate.annotations.origins import accepted_origins, lines
from semsam_annotate.annotations.record import Source
from semsam_annotate.api import BadInput


def came(store, image, proposal, id, author="studio 1"):
    return store.accept(image, proposal, source=Source("studio", "1", id), author=author, object="car")


def line(store, prefix="1/", region="r"):
    with transaction(store.engine) as connection:
        return lines(connection, "studio", "1", prefix).get(region)


def test_a_line_goes_through_corrections_made_here(store, image, propose):
    first = came(store, image, propose(), "1/r/2026-01-01")
    other = came(store, image, propose(1), "11/r/2026-01-01")
    van = store.supersede(first.id, object="van", author="ann")
    lorry = store.supersede(van.id, object="lorry", author="ann")
    found = line(store)
    assert [record.id for record in found.records] == [first.id, van.id, lorry.id]
    assert ([record.id for record in found.told], found.standing) == ([first.id], [lorry])
    assert line(store, "11/").standing == [other]
    assert line(store, "2/") is None


def test_it_is_found_however_a_server_orders_texts(store, image, propose):
    if store.engine.dialect.name == "postgresql":
        with transaction(store.engine, write=True) as connection:
            connection.execute(text("CREATE COLLATION odd (provider=icu, locale='und-u-kr-zzzz-latn-digit')"))
            connection.execute(text("ALTER TABLE annotation ALTER COLUMN source_id TYPE varchar COLLATE odd"))
    first = came(store, image, propose(), "1/r/2026-01-01")
    assert line(store).standing == [first]


@pytest.mark.parametrize(("author", "removed"), [("studio 1", True), ("ann", False), (None, False)])
def test_who_took_it_away_is_told(store, image, propose, author, removed):
    first = came(store, image, propose(), "1/r/2026-01-01")
    store.delete(first.id, author=author)
    assert (line(store).removed, line(store).standing) == (removed, [])
    came(store, image, propose(1), "1/r/2026-01-02", author=None)
    assert not line(store).removed


def test_origins_are_known_as_long_as_something_may_stand(store, image, propose):
    def known():
        with transaction(store.engine) as connection:
            return accepted_origins(connection, "studio", "1")

    first, second = came(store, image, propose(), "1/r/2026"), came(store, image, propose(1), "2/r/2026")
    store.supersede(first.id, object="van")
    store.delete(second.id)
    assert known() == {"1"}


def test_a_value_that_a_server_refuses_is_not_the_stores_fault(store, image, propose):
    letters = "".join(chr(0x4E00 + number * 7919 % 20_000) for number in range(6000))
    if store.engine.dialect.name == "postgresql":
        with pytest.raises(BadInput, match="does not take"):
            came(store, image, propose(), f"1/{letters}/2026")
    assert came(store, image, propose(), "1/r/2026").status == "accepted"

"""The same store on PostgreSQL: set SEMSAM_POSTGRES to the URL of a database that may be emptied."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from semsam_annotate.annotations import AnnotationStore, Source, StoreUnavailable
from semsam_annotate.annotations.connection import open_database, transaction
from semsam_annotate.api import BadInput

pytestmark = pytest.mark.skipif("SEMSAM_POSTGRES" not in os.environ, reason="set SEMSAM_POSTGRES to a database URL")


@pytest.fixture
def url():
    where = os.environ["SEMSAM_POSTGRES"]
    engine = open_database(where)
    with transaction(engine) as connection:
        connection.execute(text("DROP TABLE IF EXISTS event, annotation, image_split, image, semsam_schema CASCADE"))
    engine.dispose()
    return where


def test_the_whole_life_of_a_record(url, image, propose, tmp_path):
    with AnnotationStore.open(url) as store:
        car = store.accept(image, propose(0), object="car", plane=(1,))
        wheel = store.accept(image, propose(1), part="wheel", part_of=car.id, plane=(1,))
        bus = store.supersede(car.id, object="bus")
        assert store.get(wheel.id).part_of == bus.id
        assert store.undo(bus.id).status == "deleted"
        assert store.annotations() == [car, wheel]
        with pytest.raises(BadInput):
            store.supersede(car.id, part_of=wheel.id)
        assert store.splits.assign(image.sha256, "validation").split == "validation"
        assert store.export("parts", tmp_path / "a.json").parts == 1
    with AnnotationStore.open(url) as again:
        assert [record.id for record in again.annotations()] == [car.id, wheel.id]


def test_a_source_counts_once_for_many_writers(url, image, propose):
    source = Source("hook", "1", "same")
    with AnnotationStore.open(url) as store:

        def work(_):
            store.accept(image, propose(), object="car")
            return store.accept(image, propose(), object="car", source=source).id

        with ThreadPoolExecutor(4) as pool:
            assert len(set(pool.map(work, range(12)))) == 1
        assert store.count() == 13


def test_a_server_that_is_down_is_one_line():
    with pytest.raises(StoreUnavailable) as caught:
        AnnotationStore.open("postgresql://127.0.0.1:1/nothing")
    assert "\n" not in str(caught.value)

"""A store of whose connections none is free is one that others use, not one that was asked for something strange."""

import pytest
from sqlalchemy import create_engine

from semsam_annotate.annotations import StoreUnavailable
from semsam_annotate.annotations.connection import transaction


def test_no_free_connection_is_a_store_that_cannot_be_had_now(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path / 'a.sqlite'}", pool_size=1, max_overflow=0, pool_timeout=0.01)
    with transaction(engine), pytest.raises(StoreUnavailable, match="in use") as failed, transaction(engine):
        pass
    assert "\n" not in str(failed.value)
    with transaction(engine) as connection:
        assert connection.exec_driver_sql("SELECT 1").scalar() == 1

"""What only a server can get wrong: many writers at once, its password, a server that is gone. All other tests of the
store run on it as they do on SQLite."""

import subprocess
import sys

import pytest

from semsam_annotate.annotations import AnnotationStore, StoreUnavailable
from semsam_annotate.annotations.connection import store_url
from semsam_annotate.api import BadInput

WRITERS, RECORDS = 8, 10
WRITER = """
import sys
import numpy as np
from semsam_annotate.annotations import AnnotationStore, ImageRef, Source
from semsam_annotate.annotations.journal import Deed, Desk
from semsam_annotate.annotations.drafts import draft

where, name, records = sys.argv[1], sys.argv[2], int(sys.argv[3])
ref = ImageRef("0" * 64, "a.png", 8, 8)
mask = np.ones((8, 8), bool)
with AnnotationStore.open(where) as store:
    for number in range(records):
        same = store.accept(ref, mask=mask, object="car", source=Source("hook", "1", str(number)))
        desk = Desk(ref, (), name)
        made = draft(ref, None, {"mask": mask, "object": "bus", "author": name})
        store.journal.perform(desk, Deed("accepted", accept=(made,)))
        if number % 5 == 0:
            store.journal.undo(desk)
        store.splits.assign(ref.sha256, "train" if number % 2 else "validation")
        print(same.id, made.id)
"""


def test_eight_writers_lose_and_double_nothing(where):
    command = [sys.executable, "-c", WRITER, str(where)]
    running = [
        subprocess.Popen([*command, f"writer {number}", str(RECORDS)], stdout=subprocess.PIPE, text=True)
        for number in range(WRITERS)
    ]
    told = [line.split() for process in running for line in process.communicate(timeout=300)[0].splitlines()]
    assert [process.returncode for process in running] == [0] * WRITERS
    with AnnotationStore.open(where) as store:
        kept = [record.id for record in store.annotations(None)]
        assert len(kept) == len(set(kept)) == RECORDS + WRITERS * RECORDS
        assert set(kept) == {id for line in told for id in line}
        assert {same for same, _ in told} == {record.id for record in store.annotations(None) if record.source}
        accepted = RECORDS + WRITERS * RECORDS * 4 // 5
        assert store.count() == accepted == store.states.all()[0][2]
        assert len(store.splits.all()) == 1


def test_a_server_that_is_down_is_one_line():
    with pytest.raises(StoreUnavailable) as caught:
        AnnotationStore.open("postgresql://me:geheim@127.0.0.1:1/nothing")
    assert "\n" not in str(caught.value)
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("given", ["nothing://me:geheim@x/y", "postgresql://me:geheim@host:port/db"])
def test_a_password_is_never_shown(given):
    with pytest.raises(BadInput) as caught:
        store_url(given)
    assert "geheim" not in str(caught.value)


def test_a_wrong_password_is_one_line_without_it(postgres):
    with pytest.raises(StoreUnavailable, match="password authentication failed") as caught:
        AnnotationStore.open(postgres().replace("not-to-be-shown", "geheim"))
    assert "geheim" not in str(caught.value)

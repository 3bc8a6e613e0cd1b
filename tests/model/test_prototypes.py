"""The prototype memory: the same answers whatever the order, the place and its ends; nothing half-written."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from semsam_annotate.api import BadInput
from semsam_annotate.model.prototypes import PLACE, MaskVectors, Prototype, PrototypeMemory, gather_votes
from semsam_annotate.model.prototypes.nearest import nearest_rows

DIM = 12
TOTAL = DIM + PLACE


def vectors(count, seed=0, version="v", dim=TOTAL):
    values = np.random.default_rng(seed).standard_normal((count, dim)).astype(np.float32)
    return MaskVectors(values, version)


def named(count, start=0):
    return [Prototype(f"r{start + i}", "car", f"part{i % 4}") for i in range(count)]


def rows_of(vectors, rows):
    return MaskVectors(vectors.values[list(rows)], vectors.version)


def answers(memory, questions):
    votes = gather_votes(memory, questions)
    found = memory.nearest(questions, 5)
    return [[item.id for item in line] for line in found.prototypes], found.deviation, votes


def same(first, second):
    assert first[0] == second[0]
    np.testing.assert_allclose(first[1], second[1], rtol=2e-3, atol=2e-3)
    for one, other in zip(first[2], second[2], strict=True):
        assert one.parts == pytest.approx(other.parts, rel=2e-2, abs=1e-6)
        assert one.objects == pytest.approx(other.objects, rel=2e-2, abs=1e-6)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(count=st.integers(1, 12), gone=st.sets(st.integers(0, 11)), seed=st.integers(0, 99), data=st.data())
def test_only_what_is_remembered_counts(tmp_path_factory, count, gone, seed, data):
    """Order, pieces, detours over forgotten rows, disk or RAM, and reopening change nothing."""
    given_vectors, prototypes, questions = vectors(count, seed), named(count), vectors(3, seed + 1000)
    stay = [row for row in range(count) if row not in gone]
    plain = PrototypeMemory("v", TOTAL)
    plain.put([prototypes[row] for row in stay], rows_of(given_vectors, stay))
    path = tmp_path_factory.mktemp("memory") / "memory.sqlite"
    winding = PrototypeMemory("v", TOTAL, path)
    for row in data.draw(st.permutations(range(count))):
        winding.put([prototypes[row]], rows_of(vectors(count, seed + 1), [row]))
        winding.put([prototypes[row]], rows_of(given_vectors, [row]))
        if row in gone:
            winding.forget([prototypes[row].id, "never seen"])
    assert len(winding) == len(stay) == len(winding.prototypes())
    same(answers(winding, questions), answers(plain, questions))
    winding.close()
    reopened = PrototypeMemory("v", TOTAL, path)
    same(answers(reopened, questions), answers(plain, questions))
    reopened.close()


def test_ten_thousand_are_searched_exactly():
    memory, questions = PrototypeMemory("v", 64 + PLACE), vectors(4, 1, dim=64 + PLACE)
    memory.put(named(10_000), vectors(10_000, dim=64 + PLACE))
    found = memory.nearest(questions, 20)
    units = memory._metric(memory._table.raw()[:, :-PLACE]).astype(np.float64)
    asked = memory._metric(questions.values[:, :-PLACE]).astype(np.float64)
    for line, similarity, row in zip(found.prototypes, found.similarity, asked @ units.T, strict=True):
        best = np.argsort(-row)[:20]
        assert {item.id for item in line} == {memory._table.prototypes[index].id for index in best}
        np.testing.assert_allclose(similarity, row[best], atol=1e-5)
        assert (np.diff(similarity) <= 1e-6).all()


@given(st.lists(st.sampled_from([(1.0, 0.0), (0.0, 1.0), (0.6, 0.8)]), min_size=1, max_size=12), st.integers(1, 14))
def test_ties_go_by_id(units, count):
    prototypes, block = named(len(units)), np.array(units, np.float32)
    order = np.random.default_rng(0).permutation(len(units))
    asked = np.array([[1.0, 0.0]], np.float32)
    ids = [prototypes[row].id for row in nearest_rows(block, asked, prototypes, count)[0]]
    shuffled = [prototypes[row] for row in order]
    assert [shuffled[row].id for row in nearest_rows(block[order], asked, shuffled, count)[0]] == ids
    wanted = sorted(range(len(units)), key=lambda row: (-block[row, 0], prototypes[row].id))[:count]
    assert ids == [prototypes[row].id for row in wanted]


def test_votes_grow_with_number_and_closeness():
    memory, looks = PrototypeMemory("v", TOTAL), vectors(30)
    question = rows_of(looks, [0])
    weights = []
    memory.put(named(29, start=1), rows_of(looks, range(1, 30)))
    for copies in range(4):
        near = MaskVectors(np.repeat(question.values, copies, 0), "v")
        memory.put([Prototype(f"near{i}", "car", "wheel") for i in range(copies)], near)
        weights.append(gather_votes(memory, question)[0].parts.get("wheel", 0.0))
        assert gather_votes(memory, question)[0].alike[1].get("wheel", 0) == copies
    assert weights[0] == 0
    assert weights[1] > 1  # one mask just like this one outweighs the text
    assert weights[1] < weights[2] < weights[3]
    far = gather_votes(memory, MaskVectors(-question.values, "v"))[0].parts
    assert far.get("wheel", 0.0) < weights[1] / 10
    assert gather_votes(memory, MaskVectors(-question.values, "v"))[0].alike[1].get("wheel", 0) == 0


def test_an_empty_memory_says_nothing():
    memory = PrototypeMemory("v", TOTAL)
    assert memory.nearest(vectors(2), 3).prototypes == [[], []]
    assert [vote.parts for vote in gather_votes(memory, vectors(2))] == [{}, {}]
    memory.put(named(1), vectors(1))
    memory.forget(["r0"])
    assert memory.nearest(vectors(2), 3).similarity.shape == (2, 0)


@pytest.mark.parametrize("ask", [lambda m, v: m.nearest(v, 1), lambda m, v: m.put(named(1), v)])
def test_vectors_of_another_model_are_refused(ask):
    memory = PrototypeMemory("v", TOTAL)
    with pytest.raises(BadInput, match="made by other"):
        ask(memory, vectors(1, version="other"))
    with pytest.raises(BadInput, match="numbers"):
        ask(memory, vectors(1, dim=TOTAL + 1))


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e30])
def test_numbers_that_cannot_be_kept_are_refused(value):
    memory = PrototypeMemory("v", TOTAL)
    with pytest.raises(BadInput):
        memory.put(named(1), MaskVectors(np.full((1, TOTAL), value, np.float32), "v"))
    assert len(memory) == 0


def test_a_file_of_another_model_is_refused_and_kept(tmp_path):
    path = tmp_path / "memory.sqlite"
    memory = PrototypeMemory("v", TOTAL, path)
    memory.put(named(3), vectors(3))
    memory.close()
    for version, dim in (("w", TOTAL), ("v", TOTAL + 1)):
        with pytest.raises(BadInput, match="memory of its own"):
            PrototypeMemory(version, dim, path)
    assert len(PrototypeMemory("v", TOTAL, path)) == 3


@pytest.mark.parametrize("damage", ["cut", "noise", "vector", "table", "nan"])
def test_a_damaged_file_is_set_aside(tmp_path, damage):
    import sqlite3

    path = tmp_path / "memory.sqlite"
    memory = PrototypeMemory("v", TOTAL, path)
    memory.put(named(200), vectors(200))
    memory.close()
    whole = path.read_bytes()
    if damage == "cut":
        path.write_bytes(whole[: len(whole) // 2])
    elif damage == "noise":
        path.write_bytes(b"not a data base" * 500)
    else:
        with sqlite3.connect(path) as connection:
            bad = np.full(TOTAL, np.nan, "<f2").tobytes()
            if damage == "table":
                connection.execute("ALTER TABLE prototype RENAME COLUMN part TO piece")
            else:
                connection.execute(
                    "UPDATE prototype SET vector = ? WHERE id = 'r7'", (b"x" if damage == "vector" else bad,)
                )
        connection.close()
    again = PrototypeMemory("v", TOTAL, path)
    assert len(again) == 0
    assert (tmp_path / "memory.sqlite.damaged").exists()
    again.put(named(2), vectors(2))
    again.close()
    assert len(PrototypeMemory("v", TOTAL, path)) == 2


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="file"):
        PrototypeMemory("v", TOTAL, tmp_path / "file" / "memory.sqlite")


def test_two_processes_share_a_file(tmp_path):
    """Two connections, as two processes have: each sees what the other did."""
    here, there = (PrototypeMemory("v", TOTAL, tmp_path / "memory.sqlite") for _ in range(2))
    here.put(named(6), vectors(6))
    assert len(there) == 6
    there.forget(["r1", "r2"])
    there.put(named(2, start=10), vectors(2, 5))
    questions = vectors(3, 9)
    same(answers(here, questions), answers(there, questions))
    assert here.prototypes().keys() == {"r0", "r3", "r4", "r5", "r10", "r11"}


@pytest.mark.parametrize("on_disk", [False, True])
def test_slow_work_never_brings_back_what_was_forgotten(tmp_path, on_disk):
    memory = PrototypeMemory("v", TOTAL, tmp_path / "memory.sqlite" if on_disk else None)
    memory.put(named(2), vectors(2))
    memory.forget(["r3"])
    mark = memory.change
    memory.forget(["r0"])
    memory.put(named(4), vectors(4, 7), unless_after=mark)
    assert memory.prototypes().keys() == {"r1", "r2", "r3"}
    memory.put(named(1), vectors(1))
    assert "r0" in memory


_WRITER = """
import sys
import numpy as np
from pathlib import Path
from semsam_annotate.model.prototypes import PLACE, MaskVectors, Prototype, PrototypeMemory
memory = PrototypeMemory("v", 12 + PLACE, Path(sys.argv[1]))
start = int(sys.argv[2])
for number in range(start, start + 10_000):
    value = MaskVectors(np.full((3, 12 + PLACE), number, np.float32), "v")
    memory.put([Prototype(f"{number}/{part}", "car", "wheel") for part in range(3)], value)
    memory.forget([f"{number - 1}/0"])
    print(number, flush=True)
"""


def test_what_was_told_survives_a_kill(tmp_path):
    """Killed at moments a seed picks: what was reported is there, every transaction whole or absent."""
    path, rng, done = tmp_path / "memory.sqlite", np.random.default_rng(0), -1
    for _ in range(3):
        child = subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(path), str(done + 1)], stdout=subprocess.PIPE, text=True
        )
        told = [child.stdout.readline() for _ in range(3)]
        time.sleep(rng.uniform(0, 0.05))
        os.kill(child.pid, signal.SIGKILL)
        told += child.stdout.read().splitlines()
        child.wait()
        done = max(int(line) for line in told if line.strip())
        memory = PrototypeMemory("v", TOTAL, path)
        there = memory.prototypes()
        memory.close()
        for number in range(done):
            assert f"{number}/0" not in there
            assert {f"{number}/1", f"{number}/2"} <= there.keys()
        assert f"{done}/1" in there
        newer = [id for id in there if int(id.split("/")[0]) > done]
        assert len(newer) in (0, 2, 3)  # told or not, a transaction is whole

"""Versions of a project's model, promotion, rollback, and the engine that follows them."""

import json
import threading
from itertools import groupby, pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from semsam_annotate.api import BadInput, Prompt, StaleEmbedding
from semsam_annotate.model.checkpoints.weights import read_header
from semsam_annotate.model.engine.opening import open_engine
from semsam_annotate.model.engine.settings import EngineSettings
from semsam_annotate.model.registry import PACKAGED, ModelRegistry


@pytest.fixture
def registry(tmp_path, weights_of):
    return ModelRegistry(tmp_path / "project" / "models", weights_of(0))


@pytest.fixture
def project(registry, weights_of, monkeypatch):
    """A project folder whose engine starts from the small packaged stand-in."""
    monkeypatch.setattr("semsam_annotate.model.engine.opening.packaged_weights", lambda: registry.packaged)
    registry.folder.mkdir(parents=True)
    (registry.folder.parent / "project.toml").write_text("")
    return registry.folder.parent


def test_without_promotions_the_packaged_weights_serve(registry):
    assert registry.active().version == PACKAGED
    assert [item.version for item in registry.versions()] == [PACKAGED]
    with pytest.raises(BadInput, match="nothing was promoted"):
        registry.rollback()
    assert not registry.folder.exists()  # reading writes nothing


def test_promote_and_rollback(registry, weights_of):
    first, second = (registry.add(weights_of(seed), {"score": seed}).version for seed in (1, 2))
    assert [item.version for item in registry.versions()] == [PACKAGED, first, second]
    assert registry.get(second).notes["score"] == 2
    assert registry.active().version == PACKAGED
    for version in (first, second):
        assert registry.promote(version).version == registry.active().version == version
    assert registry.rollback().version == first
    assert registry.rollback().version == PACKAGED
    registry.promote(first)
    registry.promote(PACKAGED)
    assert registry.active().version == PACKAGED
    assert registry.rollback().version == first


@given(st.lists(st.integers(0, 4), max_size=12), st.integers(0, 6))
def test_pruning_keeps_what_serves_what_was_before_and_the_newest(tmp_path_factory, weights_of, promoted, keep):
    registry = ModelRegistry(tmp_path_factory.mktemp("project") / "models", weights_of(0))
    own = []
    for seed in range(1, 5):
        own.append(f"v{seed}")
        place = registry.folder / own[-1]
        place.mkdir(parents=True)
        (place / "weights.safetensors").hardlink_to(registry.packaged)
        (place / "notes.json").write_text(json.dumps({"created": seed}))
    registry._write_history([PACKAGED, *(name for name, _ in groupby([PACKAGED, *own][number] for number in promoted))])
    active, before = registry.active().version, registry._history()[-2:]
    different = registry._history()[-2:][0] != active
    gone = registry.prune(keep)
    left = {item.version for item in registry.versions()}
    assert left.isdisjoint(gone)
    assert left | set(gone) == {PACKAGED, *own}
    assert registry.active().version == active
    assert len(gone) == 0 or keep
    assert left >= {PACKAGED, *before, *own[len(own) - keep if keep else 0 :]}
    assert set(registry._history()) <= left
    assert registry.prune(keep) == []
    if different:
        assert registry.rollback().version == before[0]


def test_promoting_twice_does_not_spoil_the_rollback(registry, weights_of):
    version = registry.add(weights_of(1), {}).version
    registry.promote(version)
    registry.promote(version)
    assert registry.rollback().version == PACKAGED


def test_adding_again_keeps_what_serves(registry, weights_of):
    version = registry.add(weights_of(1), {"run": 1}).version
    registry.promote(version)
    assert registry.add(weights_of(1), {"run": 2}).version == version
    assert registry.active().notes["run"] == 2
    assert len(registry.versions()) == 2
    assert [path.name for path in registry.folder.glob(".*")] == [".promote.lock"]


def test_half_copied_versions_are_not_there(registry, weights_of):
    version = registry.add(weights_of(1), {}).version
    (registry.folder / version).rename(registry.folder / f".{version}.1.part")
    assert [item.version for item in registry.versions()] == [PACKAGED]


@pytest.mark.parametrize("version", ["nowhere", "../../weights1", "..", "", ".hidden", "a/b"])
def test_unknown_versions_are_named(registry, version):
    with pytest.raises(BadInput, match="known are packaged"):
        registry.promote(version)


def test_a_version_is_no_path(registry, weights_of):
    path = weights_of(1)
    save_file(load_file(path), path, {**read_header(path), "version": "../../escaped"})
    with pytest.raises(BadInput, match="damaged"):
        registry.add(path, {})
    assert not (registry.folder.parent.parent / "escaped").exists()


def test_damaged_weights_are_not_promoted(registry, weights_of):
    version = registry.add(weights_of(1), {}).version
    path = registry.get(version).weights
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(BadInput):
        registry.promote(version)
    assert registry.active().version == PACKAGED


def test_a_rollback_to_a_damaged_version_changes_nothing(registry, weights_of):
    first, second = (registry.add(weights_of(seed), {}).version for seed in (1, 2))
    registry.promote(first)
    registry.promote(second)
    whole = registry.get(first).weights.read_bytes()
    registry.get(first).weights.write_bytes(whole[:-10])
    with pytest.raises(BadInput):
        registry.rollback()
    assert registry.active().version == second
    registry.get(first).weights.write_bytes(whole)
    assert registry.rollback().version == first


def test_the_newest_is_the_newest_though_the_clock_was_set_back(registry, weights_of, monkeypatch):
    first = registry.add(weights_of(1), {}).version
    monkeypatch.setattr("time.time", lambda: 1000.0)
    second = registry.add(weights_of(2), {}).version
    assert [item.version for item in registry.versions()] == [PACKAGED, first, second]
    assert registry.prune(1) == [first]


@pytest.mark.parametrize("created", ["x", None, [], 10**400, 1e999])
def test_versions_whose_notes_do_not_say_when_are_listed_and_can_be_promoted(registry, weights_of, created):
    first, second = (registry.add(weights_of(name), {}).version for name in (1, 2))
    notes = registry.folder / first / "notes.json"
    notes.write_text(json.dumps({**json.loads(notes.read_text()), "created": created}))
    assert {version.version for version in registry.versions()} == {PACKAGED, first, second}
    assert 0 < registry.add(weights_of(3), {}).notes["created"] < 1e11


def test_who_promotes_at_one_time_loses_nothing(registry, weights_of):
    versions = [registry.add(weights_of(seed), {}).version for seed in (1, 2, 3)]

    def promote(version):
        for _ in range(10):
            registry.promote(version)

    threads = [threading.Thread(target=promote, args=[version]) for version in versions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    history = registry._history()
    assert set(history) == {PACKAGED, *versions}
    assert all(before != after for before, after in pairwise(history))


@pytest.mark.parametrize("content", ["", "{", "[]", '{"promoted": 3}', "null"])
def test_a_damaged_record_says_so(registry, content):
    registry.folder.mkdir(parents=True)
    (registry.folder / "active.json").write_text(content)
    with pytest.raises(BadInput, match=r"active\.json is damaged"):
        registry.active()


def test_a_failed_promotion_changes_nothing(registry, weights_of, monkeypatch):
    first, second = (registry.add(weights_of(seed), {}).version for seed in (1, 2))
    registry.promote(first)
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        registry.promote(second)
    assert registry.active().version == first


def test_readers_never_see_half_a_promotion(registry, weights_of):
    versions = [registry.add(weights_of(seed), {}).version for seed in (1, 2)]
    seen: set[str] = set()
    done = threading.Event()

    def read():
        while not done.is_set():
            seen.add(registry.active().version)

    reader = threading.Thread(target=read)
    reader.start()
    for turn in range(30):
        registry.promote(versions[turn % 2])
    done.set()
    reader.join()
    assert seen <= {PACKAGED, *versions}
    assert len(json.loads((registry.folder / "active.json").read_text())["promoted"]) == 30


def test_the_engine_follows(project, registry, weights_of, photo):
    engine = open_engine(f"project:{project}", "cpu", EngineSettings(memory_bytes=1 << 30))
    click, old = Prompt([(44, 30)]), engine.encode(photo)
    before = engine.propose(old, click)
    version = registry.add(weights_of(1), {}).version
    registry.promote(version)
    new = engine.encode(photo)
    assert (engine.info.version, new.model) == (version, version)
    assert old.model != version
    assert {proposal.model for proposal in engine.propose(new, click)} == {version}
    assert [p.rle for p in engine.propose(old, click)] == [p.rle for p in before]  # by its own model
    engine.release(old)
    with pytest.raises(StaleEmbedding):
        engine.propose(old, click)
    registry.rollback()
    assert engine.encode(photo) == old


def test_without_a_project(tmp_path):
    with pytest.raises(BadInput, match=r"project\.toml is missing"):
        open_engine(f"project:{tmp_path}")


def test_a_full_disk_leaves_the_versions_as_they_were(registry, weights_of, monkeypatch):
    first = registry.promote(registry.add(weights_of(1), {}).version).version
    before = sorted(registry.folder.rglob("*"))

    def full(self, *_, **__):
        self.touch()
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_text", full)
        with pytest.raises(OSError, match="No space"):
            registry.add(weights_of(2), {})
        with pytest.raises(OSError, match="No space"):
            registry.promote(PACKAGED)
    assert sorted(registry.folder.rglob("*")) == before
    assert registry.active().version == first
    assert registry.add(weights_of(2), {}).version in [item.version for item in registry.versions()]

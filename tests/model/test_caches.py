"""Encoded images in memory and on disk: bounded, and the same answer wherever they come from."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from semsam_annotate.api import Embedding, Prompt, StaleEmbedding
from semsam_annotate.model.engine.cache import DiskCache
from semsam_annotate.model.pixel_decoder import PixelFeatures

CLICK = Prompt([(44, 30)])


def plain(ladder):
    """What a ladder says, but for the ids, which are new each time."""
    return [{**proposal.to_json(), "id": None} for proposal in ladder]


def other(photo, number):
    changed = photo.copy()
    changed[0, 0] = number
    return changed


def test_the_same_pixels_are_one_handle(engine_of, photo):
    engine = engine_of()
    handle = engine.encode(photo)
    assert handle == engine.encode(np.asfortranarray(photo))
    assert handle.size == (60, 80)
    assert handle.model == engine.info.version
    assert handle.key != engine.encode(other(photo, 1)).key
    assert handle.key != engine.encode(np.ascontiguousarray(photo.reshape(80, 60, 3))).key
    assert handle.key != engine_of(1).encode(photo).key


def test_memory_is_bounded(engine_of, photo):
    engine = engine_of()
    handle = engine.encode(photo)
    one = engine._memory.get(handle.key).bytes
    engine = engine_of(memory_bytes=2 * one)
    handles = [engine.encode(other(photo, number)) for number in range(3)]
    with pytest.raises(StaleEmbedding, match="encode the image again"):
        engine.propose(handles[0], CLICK)
    assert all(engine.propose(handle, CLICK) for handle in handles[1:])
    assert engine.propose(engine.encode(other(photo, 0)), CLICK)


def test_an_image_ahead_needs_room_beside_the_last_one(engine_of, photo):
    engine = engine_of()
    assert engine.has_room
    one = engine._memory.get(engine.encode(photo).key).bytes
    for times, room in ((2, True), (1, False)):
        engine = engine_of(memory_bytes=times * one)
        engine.encode(photo)
        assert engine.has_room == room


def test_the_last_image_is_kept_even_without_room(engine_of, photo):
    engine = engine_of(memory_bytes=0)
    assert engine.propose(engine.encode(photo), CLICK)


def test_unknown_closed_and_released_handles_are_stale(engine_of, photo):
    engine = engine_of()
    handle = engine.encode(photo)
    engine.release(handle)
    again = engine.encode(photo)
    engine.close()
    engine.close()
    for stale in (handle, again, Embedding("0" * 40, (60, 80), "v0"), Embedding("../x", (60, 80), "v0")):
        with pytest.raises(StaleEmbedding):
            engine.propose(stale, CLICK)
        with pytest.raises(StaleEmbedding):
            engine.auto(stale)


def test_disk_answers_like_fresh(engine_of, photo, tmp_path):
    fresh = engine_of(cache_folder=tmp_path)
    handle = fresh.encode(photo)
    first = plain(fresh.propose(handle, CLICK))
    later = engine_of(cache_folder=tmp_path)
    assert plain(later.propose(handle, CLICK)) == first  # not even encoded
    assert plain(later.propose(later.encode(photo), CLICK)) == first
    memory_only = engine_of()
    assert plain(memory_only.propose(memory_only.encode(photo), CLICK)) == first


def test_disk_is_of_one_model(engine_of, photo, tmp_path):
    handle = engine_of(cache_folder=tmp_path).encode(photo)
    with pytest.raises(StaleEmbedding):
        engine_of(1, cache_folder=tmp_path).propose(handle, CLICK)


@pytest.mark.parametrize("damage", [b"", b"not a tensor", None])
def test_damaged_files_are_encoded_again(engine_of, photo, tmp_path, damage):
    engine = engine_of(cache_folder=tmp_path)
    answer = plain(engine.propose(engine.encode(photo), CLICK))
    (path,) = tmp_path.glob("*.safetensors")
    path.write_bytes(path.read_bytes()[:-100] if damage is None else damage)
    later = engine_of(cache_folder=tmp_path)
    assert plain(later.propose(later.encode(photo), CLICK)) == answer
    assert plain(engine_of(cache_folder=tmp_path).propose(later.encode(photo), CLICK)) == answer


def test_a_folder_that_cannot_be_written_is_not_used(engine_of, photo, tmp_path):
    (tmp_path / "file").write_text("")
    engine = engine_of(cache_folder=tmp_path / "file" / "below")
    assert engine.propose(engine.encode(photo), CLICK)


def features(size=64):
    return PixelFeatures(torch.zeros(1, 32, size, size), (torch.zeros(1, 32, 8, 8),))


def test_disk_is_bounded(tmp_path):
    cache = DiskCache(tmp_path, limit=600_000)  # two files
    for number in range(4):
        cache.put(f"{number:040x}", features())
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 600_000
    assert cache.get(f"{3:040x}") is not None
    assert cache.get(f"{0:040x}") is None


def test_keys_name_files_of_the_folder_only(tmp_path):
    cache = DiskCache(tmp_path / "cache", limit=1 << 20)
    cache.put("f" * 40, features(4))
    (tmp_path / "outside.safetensors").write_bytes(next((tmp_path / "cache").iterdir()).read_bytes())
    assert cache.get("f" * 40) is not None
    for key in ("../outside", str(tmp_path / "outside"), "", "F" * 40):
        assert cache.get(key) is None


def test_settings_are_part_of_the_key(engine_of, photo, small):
    wider = replace(small, input=replace(small.input, side=96))
    assert engine_of().encode(photo).key != engine_of(config=wider).encode(photo).key


def test_an_engine_without_disk_leaves_it_alone(engine_of, photo, tmp_path):
    cached = engine_of(cache_folder=tmp_path)
    plain = cached.under(replace(cached.settings, cache_folder=None))
    ladder = plain.propose(plain.encode(photo), CLICK)
    assert not list(tmp_path.iterdir())
    again = cached.propose(cached.encode(photo), CLICK)
    assert [one.rle for one in again] == [one.rle for one in ladder]
    assert list(tmp_path.iterdir())

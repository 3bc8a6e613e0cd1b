"""What is written is read back; killed writers go on to the same bytes; training draws from shards as from packs."""

import io
import json
import os
import signal
import sys
import tarfile
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
from PIL import Image

from semsam_annotate.api import BadInput
from semsam_annotate.cli import main
from semsam_annotate.training.config import DataConfig, SetConfig, TrainConfig
from semsam_annotate.training.data.check import check
from semsam_annotate.training.data.encoding import to_jpeg
from semsam_annotate.training.data.pack import Pack, write_pack
from semsam_annotate.training.data.readers import open_data
from semsam_annotate.training.data.readers.shards import ShardSet
from semsam_annotate.training.data.shards import ShardSettings, write_shards
from semsam_annotate.training.run_folder import RunFolder
from semsam_annotate.training.sampler import Sampler

COUNT, EMPTY, MISSING = 11, 7, 4
SMALL = ShardSettings(shard_bytes=8 << 10, max_side=48)


def same(one, other):
    assert (one.objects, one.parts, one.exhaustive) == (other.objects, other.parts, other.exhaustive)
    for name in ("masks", "kinds", "parents", "box_only"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_round_trip(photos, written):
    shards, data = ShardSet(written), open_data(photos)
    kept = [index for index in range(COUNT) if index not in (MISSING, EMPTY)]
    assert len(shards) == len(kept)
    assert len(list(written.glob("*.tar"))) > 2
    for index, number in enumerate(kept):
        loaded, direct = shards.load(index), data.entry(number).load(48)
        same(loaded, direct)
        assert shards.mask_count(index) == len(direct)
        with Image.open(io.BytesIO(to_jpeg(direct.image, SMALL.quality))) as photo:
            np.testing.assert_array_equal(loaded.image, np.asarray(photo))


@pytest.mark.parametrize("name", ["paco", "objects365", "vlpart", "lvis", "panoptic", "labelme"])
def test_names_boxes_parents_and_absences_stay(layout, tmp_path, name):
    data = open_data(layout(name))
    write_shards(data, tmp_path / "out")
    again = open_data(tmp_path / "out")
    direct = data.entry(0)
    same(again.entry(0).load(), direct.load())
    assert again.source(0) == direct.source
    assert again.entry(0).license_class == direct.license_class
    assert check(again).problems.total() == 0


def test_any_program_of_the_format_can_read_it(written):
    for path in written.glob("*.tar"):
        with tarfile.open(path) as tar:
            names = tar.getnames()
            assert [name.split(".")[1] for name in names] == ["json", "jpg"] * (len(names) // 2)
            assert [name.split(".")[0] for name in names[::2]] == [name.split(".")[0] for name in names[1::2]]
            row = json.load(tar.extractfile(names[0]))
            with Image.open(io.BytesIO(tar.extractfile(names[1]).read())) as photo:
                assert [photo.height, photo.width] == row["size"]


def test_same_input_same_bytes_wherever_it_lies(photos, written, tmp_path):
    write_shards(open_data(photos), tmp_path / "again", SMALL)
    before = contents(tmp_path / "again")
    assert before == contents(written)
    write_shards(open_data(photos), tmp_path / "again", SMALL)
    assert contents(tmp_path / "again") == before
    assert ShardSet(tmp_path / "again").sha256() == ShardSet(written).sha256()


class Stopping(Exception):
    pass


@pytest.mark.parametrize("stop", [Stopping, KeyboardInterrupt])
@pytest.mark.parametrize("after", range(0, COUNT + 1, 2))
def test_a_stopped_writer_leaves_whole_shards_and_goes_on(photos, written, tmp_path, after, stop):
    def show(done, total):
        if done == after:
            raise stop

    with pytest.raises(stop):
        write_shards(open_data(photos), tmp_path / "out", SMALL, show)
    left = contents(tmp_path / "out")
    whole = contents(written)
    assert all(whole[name] == data for name, data in left.items() if name != "shards.json")
    with pytest.raises(BadInput, match=r"not finished|no shards"):
        ShardSet(tmp_path / "out")
    write_shards(open_data(photos), tmp_path / "out", SMALL)
    assert contents(tmp_path / "out") == whole


def test_a_killed_writer_goes_on(photos, written, tmp_path):
    out = tmp_path / "out"
    child = os.fork()
    if not child:
        try:
            show = lambda done, total: done == 6 and os.kill(os.getpid(), signal.SIGKILL)  # noqa: E731
            write_shards(open_data(photos), out, SMALL, show)
        finally:
            os._exit(0)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    assert list(out.glob("*.part"))
    (out / ".shards.json.0123abcd").write_text("{")
    write_shards(open_data(photos), out, SMALL)
    assert contents(out) == contents(written)


def test_a_folder_of_something_else_is_left_alone(photos, written, tmp_path, layout):
    before = contents(written)
    for data, chosen in ((photos, replace(SMALL, max_side=32)), (layout("coco"), SMALL)):
        with pytest.raises(BadInput, match="other data or settings"):
            write_shards(open_data(data), written, chosen)
    assert contents(written) == before
    (tmp_path / "thesis.txt").write_text("x")
    with pytest.raises(BadInput, match="something else"):
        write_shards(open_data(photos), tmp_path, SMALL)


def test_two_writers_do_not_meet(photos, tmp_path):
    out = tmp_path / "out"

    def second(done, total):
        with pytest.raises(BadInput, match="already"):
            write_shards(open_data(photos), out, SMALL)

    write_shards(open_data(photos), out, SMALL, second)


def test_stream_resumes_mid_shard(written):
    shards = ShardSet(written)
    whole = list(islice(shards.stream(3), 2 * len(shards)))
    for cut in range(len(shards) + 3):
        following = shards.stream(3, start=whole[cut][1])
        sample, position = next(following)
        same(sample, whole[cut + 1][0])
        np.testing.assert_array_equal(sample.image, whole[cut + 1][0].image)
        assert position == whole[cut + 1][1]


def test_training_draws_from_shards_as_from_packs(photos, written, tmp_path):
    data = open_data(photos)
    write_pack(
        (entry for number, entry in enumerate(data) if number not in (MISSING, EMPTY)),
        tmp_path / "one.pack",
        48,
        quality=90,
    )
    base = TrainConfig(data=DataConfig(scenes=0.0, packs=("x",), sets={"coco": SetConfig()}))
    sampler, packed = (
        Sampler(replace(base, data=replace(base.data, packs=(str(path),)))) for path in (written, tmp_path / "one.pack")
    )
    one, other = (
        [(shelf.source, shelf.images.tolist(), shelf.share) for shelf in drawn.shelves] for drawn in (sampler, packed)
    )
    assert one == other
    assert Pack(tmp_path / "one.pack").source(0) == ShardSet(written).source(0)
    for step in (5, 2):
        for one, other in zip(sampler.draw(step, range(2)), packed.draw(step, range(2)), strict=True):
            same(one.sample, other.sample)
            np.testing.assert_array_equal(one.sample.image, other.sample.image)
            assert one.origin.startswith("coco/shards#")
    run = RunFolder(tmp_path / "run", sampler.config)
    assert run.names == RunFolder(tmp_path / "packed", packed.config).names
    assert run.description()["data"] == {"shards": {"images": 9, "sha256": ShardSet(written).sha256()}}


def run(monkeypatch, capsys, *arguments):
    monkeypatch.setattr(sys, "argv", ["semsam", "data", *map(str, arguments)])
    with pytest.raises(SystemExit) as stopped:
        main()
    printed = capsys.readouterr()
    return stopped.value.code or 0, printed.out, printed.err


def test_command(photos, tmp_path, monkeypatch, capsys):
    out = tmp_path / "out"
    own = tmp_path / "own.toml"
    own.write_text('[objects]\nthing = ["ding"]\n')
    code, printed, errors = run(
        monkeypatch, capsys, "shards", photos, "--out", out, "--max-side", 32, "--synonyms", own
    )
    assert (code, errors) == (0, "")
    assert printed.startswith("9 images, ")
    assert "left out: 1 unreadable, 1 without masks" in printed
    assert {name for index in range(9) for name in ShardSet(out).entry(index).objects} == {"thing"}
    assert max(ShardSet(out).load(0).image.shape) == 32
    code, printed, _ = run(monkeypatch, capsys, "check", out, "--sheet", tmp_path / "s.png")
    assert code == 0
    assert "layout      shards" in printed
    assert "problems    0" in printed
    for wrong in ((tmp_path / "none", "--out", out), (photos, "--out", own), (photos, "--out", out)):
        code, printed, errors = run(monkeypatch, capsys, "shards", *wrong)
        assert (code, printed, errors.count("\n")) == (2, "", 1)


def test_safe_after_a_fork(written):
    shards = ShardSet(written)
    expected = shards.load(1).image.sum()
    child = os.fork()
    if not child:
        os._exit(0 if shards.load(1).image.sum() == expected else 1)
    assert os.waitpid(child, 0)[1] == 0

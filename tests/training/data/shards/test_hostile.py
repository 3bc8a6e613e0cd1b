"""Damaged and malicious shards: one line, nothing followed, nothing unpacked."""

import hashlib
import io
import json
import os
import tarfile
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from semsam_annotate.api import BadInput
from semsam_annotate.training.data import problem
from semsam_annotate.training.data.check import check
from semsam_annotate.training.data.readers import open_data
from semsam_annotate.training.data.readers.shards import ShardSet


@pytest.fixture
def copied(written, tmp_path):
    """A copy to spoil."""
    folder = tmp_path / "shards"
    folder.mkdir()
    for path in written.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


def digest(data):
    return hashlib.sha256(data).hexdigest()


def change_index(folder, change):
    """As somebody would who wants the digests to agree."""
    index = json.loads((folder / "shards.json").read_text())
    change(index)
    first = index["shards"][0] if isinstance(index.get("shards"), list) and index["shards"] else None
    if isinstance(first, dict) and (folder / "shard-000000.tar").is_file():
        tar, table = ((folder / f"shard-000000.{suffix}").read_bytes() for suffix in ("tar", "json"))
        first |= {"bytes": len(tar), "sha256": digest(tar), "table_sha256": digest(table)}
    (folder / "shards.json").write_text(json.dumps(index))


def change_table(folder, change):
    path = folder / "shard-000000.json"
    table = json.loads(path.read_text())
    change(table)
    path.write_text(json.dumps(table))
    change_index(folder, lambda index: None)


def one_line(error):
    return "\n" not in str(error.value) and len(str(error.value)) < 500


@pytest.mark.parametrize(
    "change",
    [
        lambda index: index["shards"][0].update(name="../shard-000000"),
        lambda index: index["shards"][0].update(name="/etc/passwd"),
        lambda index: index["shards"][1].update(name="shard-000000"),
        lambda index: index["shards"].pop(0),
        lambda index: index["shards"][0].update(images="3"),
        lambda index: index["shards"][0].update(images=-1),
        lambda index: index["shards"][0].update(more=1),
        lambda index: index["shards"][1].update(sha256="0" * 63),
        lambda index: index["shards"].append(7),
        lambda index: index.update(shards={}),
        lambda index: index.update(read=10**9),
        lambda index: index.update(left_out=[1]),
        lambda index: index.update(version=2),
        lambda index: index.pop("format"),
        lambda index: index.update(made=None),
    ],
)
def test_an_index_that_lies_is_named(copied, change):
    change_index(copied, change)
    with pytest.raises(BadInput, match=r"shard") as error:
        ShardSet(copied)
    assert one_line(error)


@pytest.mark.parametrize("text", ["", "[]", "7", "{", "[" * 100_000, "\xff"])
def test_what_is_no_index_is_named(copied, text):
    (copied / "shards.json").write_text(text, encoding="latin-1")
    with pytest.raises(BadInput, match=r"shards\.json") as error:
        ShardSet(copied)
    assert one_line(error)


@pytest.mark.parametrize(
    "change",
    [
        lambda table: table["offset"].__setitem__(0, -512),
        lambda table: table["offset"].__setitem__(0, 1 << 62),
        lambda table: table["offset"].__setitem__(0, 1 << 70),
        lambda table: table["photo"].__setitem__(0, 1 << 40),
        lambda table: table["text"].__setitem__(0, 1.5),
        lambda table: table["text"].pop(),
        lambda table: table["origin"].__setitem__(0, 99),
        lambda table: table["origins"].append("x"),
        lambda table: table["sha256"].__setitem__(0, "zz"),
        lambda table: table["sha256"].pop(),
        lambda table: table["masks"].__setitem__(0, 10**6),
        lambda table: table.pop("photo"),
        lambda table: table.update(offset=3),
    ],
)
def test_a_table_that_lies_is_named(copied, change):
    change_table(copied, change)
    with pytest.raises(BadInput, match=r"shard-000000\.json") as error:
        ShardSet(copied)
    assert one_line(error)


@pytest.mark.parametrize("suffix", ["tar", "json"])
def test_missing_and_changed_files_are_named(copied, suffix):
    path = copied / f"shard-000001.{suffix}"
    data = path.read_bytes()
    path.write_bytes(data[:-1])
    with pytest.raises(BadInput, match=rf"shard-000001\.{suffix} .*(damaged|bytes)"):
        ShardSet(copied)
    path.unlink()
    with pytest.raises(BadInput, match=rf"shard-000001\.{suffix} .*not there"):
        ShardSet(copied)


def test_a_link_instead_of_a_shard_is_not_followed(copied, tmp_path):
    path = copied / "shard-000000.tar"
    os.replace(path, tmp_path / "elsewhere.tar")
    path.symlink_to(tmp_path / "elsewhere.tar")
    with pytest.raises(BadInput, match=r"shard-000000\.tar is a link"):
        ShardSet(copied)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_a_flipped_bit_is_found_when_it_is_read_and_by_check(written, copied, data):
    path = copied / "shard-000000.tar"
    content = (written / path.name).read_bytes()
    place, bit = data.draw(st.integers(0, len(content) - 1)), data.draw(st.integers(0, 7))
    path.write_bytes(content[:place] + bytes([content[place] ^ 1 << bit]) + content[place + 1 :])
    shards, sound = ShardSet(copied), ShardSet(written)
    assert problem.SHARD_DIGEST in {found.kind for found in shards.audit()}
    for index in range(3):
        expected = sound.load(index)
        with suppress(BadInput):
            loaded = shards.load(index)
            assert (loaded.image == expected.image).all()
            assert (loaded.masks == expected.masks).all()
    path.write_bytes(content)


def member(name, kind=tarfile.REGTYPE, link="", content=b"x"):
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, link, len(content) if kind == tarfile.REGTYPE else 0
    return info, io.BytesIO(content)


@pytest.mark.parametrize(
    ("extra", "kind"),
    [
        (member("../../evil.json"), problem.MEMBER_LEAVES),
        (member("/tmp/evil.json"), problem.MEMBER_LEAVES),
        (member("..\\evil.json"), problem.MEMBER_LEAVES),
        (member("000000000.pkl"), problem.UNLISTED_MEMBER),
        (member("000000000.jpg"), problem.UNLISTED_MEMBER),
        (member("a.json", tarfile.SYMTYPE, "/etc/passwd"), problem.NOT_A_FILE),
        (member("a.json", tarfile.LNKTYPE, "000000000.json"), problem.NOT_A_FILE),
        (member("a.json", tarfile.CHRTYPE), problem.NOT_A_FILE),
        (member("a.json", tarfile.DIRTYPE), problem.NOT_A_FILE),
    ],
)
def test_members_that_do_not_belong_are_named_and_never_unpacked(written, copied, tmp_path, extra, kind):
    with tarfile.open(copied / "shard-000000.tar", "a") as tar:
        tar.addfile(*extra)
    change_index(copied, lambda index: None)
    before = sorted(tmp_path.rglob("*"))
    report = check(open_data(copied))
    assert dict(report.problems) == {kind: 1}
    assert sorted(tmp_path.rglob("*")) == before
    assert len(ShardSet(copied).load(0)) == len(ShardSet(written).load(0))


def rewrite(folder, change, photo=None):
    """The first image with another annotation or photo, every digest right."""
    table = json.loads((folder / "shard-000000.json").read_text())
    path, place, size = folder / "shard-000000.tar", table["offset"][0], table["text"][0]
    row = json.loads(path.read_bytes()[place : place + size])
    change(row)
    text, photo = json.dumps(row).encode(), b"no photo" if photo is None else photo
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
        tar.addfile(*member("0.json", content=text))
        tar.addfile(*member("0.jpg", content=photo))
    told = {"offset": [512], "text": [len(text)], "photo": [len(photo)], "sha256": [digest(text + photo)]}
    table |= told | {"masks": table["masks"][:1], "origin": [0]}
    (folder / "shard-000000.json").write_text(json.dumps(table))
    change_index(folder, lambda index: index["shards"][0].update(images=1, masks=table["masks"][0]))


@pytest.mark.parametrize(
    "change",
    [
        lambda row: None,
        lambda row: row.update(size=[10**6, 10**6]),
        lambda row: row.update(size=[48]),
        lambda row: row.update(size=None),
        lambda row: row.update(counts=["0" * 5000]),
        lambda row: row.update(counts=[7]),
        lambda row: row.update(parents=[0]),
        lambda row: row.update(parents=[5]),
        lambda row: row.update(kinds=[9]),
        lambda row: row.update(objects=[]),
        lambda row: row.update(objects=7),
        lambda row: row.update(boxed=[False, True]),
        lambda row: row.pop("license"),
    ],
)
def test_an_annotation_that_lies_is_named(copied, change):
    rewrite(copied, change)
    with pytest.raises(BadInput, match=r"shard-000000\.tar") as error:
        ShardSet(copied).load(0)
    assert one_line(error)
    assert check(open_data(copied)).problems.total() == 1

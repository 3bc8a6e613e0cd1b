"""Near-duplicates and frames of a sequence share a split, which is drawn once; what lies in two is told."""

import io
from itertools import combinations
from threading import Thread

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageEnhance

from semsam_annotate.annotations import Project, split_drawing
from semsam_annotate.annotations.fingerprints import FILE, Fingerprints
from semsam_annotate.annotations.likeness import DUPLICATE, alike, thumbnail
from semsam_annotate.annotations.split_drawing import draw_splits, find_leaks, follow_each_other, leak_words, leaking


def photo(seed, size=(160, 120)):
    """Blobs of all sizes, like a photo's details, another picture for every seed."""
    rng, picture = np.random.default_rng(seed), 0
    for cells in (3, 6, 12, 24, 48):
        noise = (rng.normal(size=(3, cells, cells)) * 60 / cells**0.4).astype(np.float32)
        layers = [Image.fromarray(channel).resize(size, Image.Resampling.BICUBIC) for channel in noise]
        picture = picture + np.stack(list(map(np.asarray, layers)), -1)
    return Image.fromarray(np.clip(128 + picture, 0, 255).astype(np.uint8))


def jpeg(image, quality):
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(file).convert("RGB")


def cropped(image, left, top, right, bottom):
    width, height = image.size
    return image.crop(
        (round(left * width), round(top * height), round((1 - right) * width), round((1 - bottom) * height))
    )


COPIES = {
    "re-encoded": lambda it: jpeg(it, 40),
    "half the size": lambda it: it.resize((80, 60)),
    "twice the size": lambda it: it.resize((320, 240)),
    "another proportion": lambda it: it.resize((160, 160)),
    "brighter": lambda it: ImageEnhance.Brightness(it).enhance(1.2),
    "darker": lambda it: ImageEnhance.Brightness(it).enhance(0.7),
    "more contrast": lambda it: ImageEnhance.Contrast(it).enhance(1.3),
    "grey": lambda it: it.convert("L").convert("RGB"),
    "cropped on one side": lambda it: cropped(it, 0.05, 0, 0, 0),
    "cropped all around": lambda it: cropped(it, 0.03, 0.03, 0.03, 0.03),
    "all of it": lambda it: jpeg(
        ImageEnhance.Brightness(cropped(it, 0.03, 0, 0, 0.03)).enhance(1.15).resize((120, 90)), 60
    ),
}


def of(*images):
    return [thumbnail(np.asarray(image)) for image in images]


@pytest.mark.parametrize("copy", COPIES)
def test_copies_are_near_duplicates(copy):
    for seed in range(10):
        found = alike(of(photo(seed), COPIES[copy](photo(seed))), DUPLICATE)
        assert [pair[:2] for pair in found] == [(0, 1)], (copy, seed)


def test_different_pictures_are_not():
    assert alike(of(*map(photo, range(60))), DUPLICATE) == []


def test_pictures_of_one_colour_are_like_nothing_and_break_nothing():
    plain = [Image.new("RGB", (9, 7), (value,) * 3) for value in (0, 9, 255)]
    assert alike(of(*plain, photo(1)), DUPLICATE) == []
    assert alike([]) == []
    assert len(of(Image.new("RGB", (1, 1)), Image.new("RGB", (1, 5000)))) == 2


@given(st.permutations(range(6)))
def test_likeness_does_not_hang_on_the_order(order):
    images = of(photo(1), photo(2), COPIES["brighter"](photo(1)), photo(3), COPIES["re-encoded"](photo(2)), photo(4))
    found = {
        frozenset((order[pair.first], order[pair.second])) for pair in alike([images[k] for k in order], DUPLICATE)
    }
    assert found == {frozenset((0, 2)), frozenset((1, 4))}


@pytest.mark.parametrize(
    ("first", "second", "wanted"),
    [
        ("walk/0041.png", "walk/0043.png", True),
        ("walk/frame_9.jpg", "walk/frame_10.jpg", True),
        ("walk/a1_left.png", "walk/a2_left.png", True),
        ("walk/0041.png", "walk/0041.png", False),
        ("walk/0041.png", "walk/0099.png", False),
        ("walk/0041.png", "run/0042.png", False),
        ("walk/a1.png", "walk/b2.png", False),
        ("walk/a.png", "walk/b.png", False),
        ("walk/a1.png", "walk/a2.jpg", False),
    ],
)
def test_frames_follow_each_other_by_number_in_one_folder(first, second, wanted):
    assert follow_each_other(first, second) == follow_each_other(second, first) == wanted


@pytest.fixture
def project(tmp_path):
    with Project.create(tmp_path / "project", validation=0.5) as made:
        yield made


def add(project, name, image, split=None):
    path = project.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)
    rgb = np.asarray(image.convert("RGB"))
    ref = project.ref(path, rgb)
    project.store.accept(ref, mask=np.ones(rgb.shape[:2], bool), object="thing")
    if split is not None:
        project.store.splits.assign(ref.sha256, split)
    return ref


def draw(project, refs):
    prints = Fingerprints(project)
    found = draw_splits(project, refs, prints.of(refs))
    prints.save()
    return found


def splits(project, refs):
    return [project.store.splits.get(ref.sha256) for ref in refs]


def test_copies_share_a_group_and_a_split_and_others_have_their_own(project):
    refs = [add(project, f"{seed}.png", photo(seed)) for seed in (11, 22, 33, 44, 55, 66, 77, 88)]
    copies = [add(project, f"copy-{n}.png", make(photo(11))) for n, make in enumerate(COPIES.values())]
    assert draw(project, [*refs, *copies]) == []
    first, *rest = splits(project, [refs[0], *copies])
    assert first.group is not None
    assert all(split == first for split in rest)
    assert [split.group for split in splits(project, refs[1:])] == [None] * 7
    assert {split.split for split in splits(project, refs)} == {"train", "validation"}
    before = splits(project, [*refs, *copies])
    draw(project, [*reversed(copies), *refs])
    assert splits(project, [*refs, *copies]) == before


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_what_comes_later_joins_what_was_drawn(project, split):
    first = add(project, "a.png", photo(1), split)
    later = [add(project, f"{name}.png", COPIES[name](photo(1))) for name in ("brighter", "re-encoded")]
    assert draw(project, [first, *later]) == []
    assert {found.split for found in splits(project, later)} == {split}
    assert {found.group for found in splits(project, later)} == {first.sha256}
    last = add(project, "last.png", COPIES["cropped on one side"](photo(1)))
    draw(project, [first, *later, last])
    assert splits(project, [last]) == splits(project, later[:1])


def test_frames_of_one_sequence_share_a_split_and_a_cut_ends_it(project):
    wide = photo(5, (400, 120))
    walk = [add(project, f"walk/{n:03d}.png", wide.crop((6 * n, 0, 160 + 6 * n, 120))) for n in range(8)]
    other = [add(project, f"walk/{n:03d}.png", photo(50 + n)) for n in range(8, 11)]
    draw(project, [*walk, *other])
    found = splits(project, walk)
    assert len({split.group for split in found}) == 1 != len(found)
    assert found[0].group is not None
    assert [split.group for split in splits(project, other)] == [None] * 3


def test_who_draws_at_the_same_time_waits_for_its_turn(project, monkeypatch):
    first = add(project, "a.png", photo(3))
    second = add(project, "b.png", jpeg(photo(3), 40))
    others = []

    def while_another_draws(thumbnails):
        if not others:
            others.append(Thread(target=draw, args=(project, [first])))
            others[0].start()
            others[0].join(0.5)
        return alike(thumbnails)

    monkeypatch.setattr(split_drawing, "alike", while_another_draws)
    draw(project, [first, second])
    others[0].join(60)
    assert len(set(splits(project, [first, second]))) == 1


def test_what_older_versions_drew_apart_is_told_and_not_changed(project):
    refs = [
        add(project, "a.png", photo(1), "train"),
        add(project, "b.png", COPIES["brighter"](photo(1)), "validation"),
        add(project, "c.png", COPIES["re-encoded"](photo(1)), "test"),
        add(project, "d.png", photo(2), "validation"),
    ]
    before = splits(project, refs)
    found = draw(project, refs)
    assert {(leak.trained, leak.held, leak.split) for leak in found} == {
        ("a.png", "b.png", "validation"),
        ("a.png", "c.png", "test"),
    }
    assert splits(project, refs) == before
    assert find_leaks(project) == found
    words = leak_words(found)
    assert len(words) == 2
    assert "1 image of validation" in words[0]
    assert "b.png is like a.png" in words[0]
    assert leak_words([]) == ()
    validation = leaking(project)[1]
    assert (validation.count, validation.examples, validation.repairable) == (1, ("b.png is like a.png",), False)


def test_every_pair_of_one_group_has_one_split_whatever_comes_in_which_order(project):
    rng = np.random.default_rng(3)
    kinds = list(COPIES.values())
    refs = [add(project, f"{n}.png", kinds[n % len(kinds)](photo(int(rng.integers(4))))) for n in range(24)]
    for end in (5, 9, 24):
        assert draw(project, refs[:end]) == []
    for one, other in combinations(splits(project, refs), 2):
        assert one.group != other.group or one.split == other.split or one.group is None


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=4))
def test_bytes_of_thumbnails_that_changed_break_nothing(tmp_path_factory, changes):
    with Project.create(tmp_path_factory.mktemp("bytes") / "project") as project:
        ref = add(project, "a.png", photo(1))
        draw(project, [ref])
        file = project.embeddings / FILE
        data = bytearray(file.read_bytes())
        for place, value in changes:
            data[place % len(data)] = value
        file.write_bytes(data)
        assert list(Fingerprints(project).of([ref])) == [ref.sha256]


@pytest.mark.parametrize("content", [b"", b"PK", b"{", b"\x93NUMPY"])
def test_a_damaged_file_of_thumbnails_is_made_anew(project, content):
    refs = [add(project, "a.png", photo(1)), add(project, "b.png", photo(2))]
    project.embeddings.mkdir(exist_ok=True)
    (project.embeddings / FILE).write_bytes(content)
    draw(project, refs)
    assert len(Fingerprints(project).of(refs)) == 2
    (project.folder / "a.png").unlink()
    assert len(Fingerprints(project).of(refs)) == 2, "thumbnails of what is known are not read again"
    (project.embeddings / FILE).unlink()
    assert list(Fingerprints(project).of(refs)) == [refs[1].sha256]
    assert draw(project, refs) == []

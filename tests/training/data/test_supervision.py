"""What a record knows reaches the losses: boxes teach boxes, absences teach absence, silence teaches nothing."""

import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest
import torch

from semsam_annotate.model.mask_decoder import Predictions
from semsam_annotate.training.batch import collate
from semsam_annotate.training.config import GenericConfig, GenericCosts, PromptConfig
from semsam_annotate.training.criterion import Criterion, CriterionConfig
from semsam_annotate.training.data import TrainingImage
from semsam_annotate.training.data.augment import augment
from semsam_annotate.training.data.pack import Pack, main, write_pack
from semsam_annotate.training.data.readers import open_data
from semsam_annotate.training.generic import Found, GenericCriterion, match_generic, named_targets
from semsam_annotate.training.generic.criterion import class_loss
from semsam_annotate.training.names import NameIndex
from semsam_annotate.training.points import seeded_rand
from semsam_annotate.training.questions import ask

CPU, SIDE, COUNT = torch.device("cpu"), 32, 6
NAMES = NameIndex(("cat", "dog", "tv"), ("ear",), (1, 1, 1), (1,))
PROMPTS = PromptConfig(count=COUNT, corrections=2, boxes=0.0)


def sample(boxed, exhaustive=()):
    """A dog with a cat above it, on a grey image."""
    masks = np.zeros((2, SIDE, SIDE), bool)
    masks[0, 4:20, 4:28] = True
    masks[1, 8:30, 10:20] = True
    return TrainingImage(
        image=np.full((SIDE, SIDE, 3), 99, np.uint8),
        masks=masks,
        kinds=np.zeros(2, np.int8),
        objects=("dog", "cat"),
        parts=(None, None),
        parents=np.array([-1, -1]),
        boxed=np.array(boxed),
        exhaustive=frozenset(exhaustive),
    )


def batch(*samples):
    questions = [ask(one, PROMPTS, np.random.default_rng(number)) for number, one in enumerate(samples)]
    return collate(questions, NAMES, 0.01)


def answers(images=1, prompts=COUNT, tokens=4, seed=0):
    drawn = torch.Generator().manual_seed(seed)
    shape = (images, prompts, tokens)
    return Predictions(
        masks=torch.randn(*shape, 8, 8, generator=drawn).requires_grad_(),
        boxes=(torch.rand(*shape, 4, generator=drawn) * 0.4 + 0.2).requires_grad_(),
        scores=torch.rand(*shape, 2, generator=drawn).requires_grad_(),
        part=torch.randn(*shape, generator=drawn),
        state=torch.randn(*shape, 8, generator=drawn),
    )


@pytest.mark.parametrize("many_to_one", [False, True])
@pytest.mark.parametrize("target", ["iou", "soft-dice"])
def test_boxes_teach_the_box_and_nothing_else(many_to_one, target):
    criterion = Criterion(CriterionConfig(points=32, score_target=target, many_to_one=many_to_one))
    found = answers()
    losses, matched = criterion([found], batch(sample([True, True])).targets, seeded_rand(0, CPU))
    assert len(matched.query)
    torch.autograd.backward(criterion.total(losses))
    assert float(losses["box_0"]) > 0 < float(losses["giou_0"])
    assert found.boxes.grad.abs().sum() > 0
    for unread in (found.masks, found.scores):
        assert unread.grad is None or not unread.grad.any()


@pytest.mark.parametrize("many_to_one", [False, True])
def test_a_box_beside_a_mask_changes_nothing_of_what_the_mask_teaches(many_to_one):
    """The dog's outline is known, the cat's only as a box: mask losses are those of the dog alone."""
    criterion = Criterion(CriterionConfig(points=32, many_to_one=many_to_one))
    found, mixed = answers(), batch(sample([False, True]))
    losses, _ = criterion([found], mixed.targets, seeded_rand(0, CPU))
    torch.autograd.backward(criterion.total(losses))
    asked = mixed.questions[0].meant
    touched = found.masks.grad.flatten(2).any(-1)[0]
    assert touched[np.flatnonzero(asked == 0)].all()
    assert not touched[np.flatnonzero(asked == 1)].any()


def test_matching_a_box_looks_at_boxes_alone():
    found = answers(prompts=COUNT)
    truth = batch(sample([True, True])).targets
    _, first = Criterion(CriterionConfig(points=32))([found], truth, seeded_rand(0, CPU))
    other = replace(found, masks=found.masks.detach() * -7)
    _, second = Criterion(CriterionConfig(points=32))([other], truth, seeded_rand(0, CPU))
    assert first.query.tolist() == second.query.tolist()


def test_what_is_only_a_box_is_asked_with_a_box_and_never_clicked():
    for seed in range(20):
        asked = ask(sample([False, True]), PROMPTS, np.random.default_rng(seed))
        np.testing.assert_array_equal(np.isnan(asked.boxes[:, 0]), asked.meant == 0)
    truth = batch(sample([False, True])).targets
    for row, meant in zip(truth.candidates[0], truth.clicked[0], strict=True):
        assert row[row >= 0].tolist() == [int(meant)]


def test_plain_records_are_asked_as_before():
    """The order of random numbers is that of records without boxes: runs resume."""
    plain = replace(sample([False, False]), boxed=None)
    mixed = PromptConfig(count=COUNT, corrections=2, boxes=0.5)
    first, second = (ask(one, mixed, np.random.default_rng(5)) for one in (plain, sample([False, False])))
    np.testing.assert_array_equal(first.boxes, second.boxes)
    np.testing.assert_array_equal(first.points, second.points)


def found_generic(seed=0, queries=5):
    drawn = torch.Generator().manual_seed(seed)
    one = answers(images=2, prompts=queries, tokens=1, seed=seed)
    objects = torch.randn(2, queries, 3, generator=drawn).requires_grad_()
    return Found(one, objects, torch.randn(2, queries, 1, generator=drawn))


def test_known_absences_are_negatives_and_unknown_ones_are_not():
    truth = batch(sample([False, False], ("tv", "dog")), sample([False, False])).targets
    found = found_generic()
    wanted = named_targets(truth, True)
    matched = match_generic(found, truth, wanted, truth.masks.float(), 32, GenericCosts(), seeded_rand(0, CPU))
    torch.autograd.backward(class_loss(found, truth, matched))
    taught = found.objects.grad.flatten(0, 1) != 0
    free = torch.ones(10, dtype=torch.bool)
    free[matched.query] = False
    assert taught[~free].all()
    first, second = taught[:5][free[:5]], taught[5:][free[5:]]
    assert first.tolist() == [[False, True, True]] * 3
    assert not second.any()
    assert (found.objects.grad.flatten(0, 1)[:5][free[:5]][:, 1:] > 0).all()


def test_generic_boxes_teach_no_mask():
    truth = batch(sample([True, True]), sample([True, True])).targets
    found = found_generic()
    criterion = GenericCriterion(CriterionConfig(points=32), GenericConfig(queries=5))
    losses = criterion([found], truth, seeded_rand(0, CPU))
    torch.autograd.backward(criterion.total(losses))
    assert not found.predictions.masks.grad.any()
    assert found.predictions.boxes.grad.any()
    assert found.objects.grad.any()


def test_augmented_and_packed_they_stay_what_they_are(layout, tmp_path):
    (entry,) = open_data(layout("objects365"))
    write_pack([entry], tmp_path / "x.pack")
    loaded, direct = Pack(tmp_path / "x.pack").load(0), entry.load()
    np.testing.assert_array_equal(loaded.masks, direct.masks)
    assert loaded.box_only.tolist() == [True]
    assert loaded.exhaustive == direct.exhaustive == {"person", "moniter/tv"}
    assert loaded.supervision == direct.supervision
    views = [augment(loaded, 32, np.random.default_rng(seed)) for seed in range(8)]
    assert any(len(view) for view in views)
    assert all(view.box_only.all() and view.exhaustive == loaded.exhaustive for view in views)
    (plain,) = open_data(layout("coco"))
    write_pack([plain], tmp_path / "plain.pack")
    assert _version(tmp_path / "plain.pack") == 1
    assert _version(tmp_path / "x.pack") == 2


def _version(path):
    return json.loads(zipfile.ZipFile(path).read("index.json"))["version"]


def test_any_data_sets_make_a_pack(layout, tmp_path, monkeypatch, capsys):
    names = ("coco", "lvis", "objects365", "partimagenet", "panoptic", "sa1b_tar", "labelme", "pascal_mat", "paco")
    paths = [str(layout(name)) for name in names]
    paths[0] += f":{tmp_path / 'coco'}"
    out = tmp_path / "all.pack"
    monkeypatch.setattr("sys.argv", ["pack", "--out", str(out), "--licenses", "all", *paths])
    main()
    pack = Pack(out)
    assert len(pack) == len(names)
    assert "fewer than three points: 1" in capsys.readouterr().err
    assert {pack.source(n) for n in range(3)} == {"coco", "lvis", "objects365"}
    index = NameIndex.count(pack.load(n) for n in range(len(pack)))
    assert "tire" in index.parts
    assert index.among(pack.load(1).exhaustive).sum() == 2

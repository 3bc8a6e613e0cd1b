"""What effects do to pixels: everything beyond the feather stays, for any mask and any picture."""

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt
from skimage import data
from skimage.color import rgb2lab

from semsam_annotate.api import BadInput, Cancelled, CancelToken
from semsam_annotate.napari.state.effect_chain import EffectStep, redone
from semsam_annotate.napari.state.effect_choice import VERBS, EffectChoice
from semsam_annotate.napari.state.effects import blurred, copied, cut_out, recoloured
from semsam_annotate.napari.state.feather import FEATHER
from semsam_annotate.napari.state.inpainting import LONGEST, RIM, removed

PHOTO = data.astronaut()[60:180, 140:300]
SIZE = PHOTO.shape[:2]


def masks() -> dict[str, np.ndarray]:
    rng, rows = np.random.default_rng(0), np.arange(SIZE[0])[:, None]
    found = {name: np.zeros(SIZE, bool) for name in ("square", "pixel", "corner", "frame", "row", "two pieces")}
    found["square"][30:60, 40:90] = True
    found["pixel"][50, 70] = True
    found["corner"][:20, -25:] = True
    found["frame"][[0, -1]] = found["frame"][:, [0, -1]] = True
    found["row"][50] = True
    found["two pieces"][10:30, 10:30] = found["two pieces"][70:110, 100:150] = True
    return found | {"noise": rng.random(SIZE) < 0.2, "most": np.broadcast_to(rows > 3, SIZE).copy()}


MASKS = masks()
SAME_SIZE = {
    "recolour": lambda rgb, mask: recoloured(rgb, mask, (255, 0, 0)),
    "blur": lambda rgb, mask: blurred(rgb, mask, 1.0),
    "remove": removed,
}


@pytest.mark.parametrize("kind", SAME_SIZE)
@pytest.mark.parametrize("name", MASKS)
def test_only_the_mask_and_its_feather_change_and_the_source_never_does(kind, name):
    rgb, mask = PHOTO.copy(), MASKS[name]
    out = SAME_SIZE[kind](rgb, mask)
    assert (out.shape, out.dtype) == (rgb.shape, np.uint8)
    reach = RIM + FEATHER if kind == "remove" else FEATHER
    far = distance_transform_edt(~mask) >= reach + 1
    assert np.array_equal(out[far], rgb[far])
    assert np.array_equal(rgb, PHOTO)
    # one pixel, or a line of them, blurred with itself is what it was
    assert kind == "blur" or (out[mask] != rgb[mask]).any()


@pytest.mark.parametrize("kind", VERBS)
def test_an_empty_mask_and_one_of_another_size_are_refused_in_one_line(kind):
    for mask in (np.zeros(SIZE, bool), np.ones((3, 3), bool)):
        with pytest.raises(BadInput, match="the mask") as refused:
            EffectChoice(kind).applied(PHOTO, mask, CancelToken(), lambda share: None)
        assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "colour", [(255, 0, 0), (0, 0, 255), (20, 160, 60), (0, 0, 0), (255, 255, 255), (128, 128, 128)]
)
def test_recolouring_keeps_lightness_and_gives_the_hue(colour):
    out = recoloured(PHOTO, np.ones(SIZE, bool), colour)
    before, after = rgb2lab(PHOTO), rgb2lab(out)
    assert np.abs(before[..., 0] - after[..., 0]).max() < 1.5  # whole numbers of 8 bits
    if len(set(colour)) == 1:
        assert np.abs(after[..., 1:]).max() < 0.5
    else:
        middle = (before[..., 0] > 20) & (before[..., 0] < 80)
        assert (out[middle].argmax(axis=-1) == np.argmax(colour)).all()


def test_recolouring_by_nothing_changes_nothing_and_more_changes_more():
    mask = MASKS["square"]
    outs = [recoloured(PHOTO, mask, (0, 200, 0), strength).astype(int) for strength in (0.0, 0.3, 0.6, 1.0)]
    assert np.array_equal(outs[0], PHOTO)
    changes = [np.abs(out - PHOTO).sum() for out in outs]
    assert changes == sorted(changes)
    assert len(set(changes)) == 4


def test_blur_flattens_the_mask_with_its_own_pixels_only():
    rgb, mask = np.zeros((60, 80, 3), np.uint8), np.zeros((60, 80), bool)
    mask[20:40, 20:60] = True
    rgb[~mask] = (0, 255, 0)
    rgb[20:40, 20:60:2] = 200
    out = blurred(rgb, mask, 1.0)
    assert np.abs(out[25:35, 30:50].astype(int) - 100).max() <= 3
    assert (out[mask][:, 1].astype(int) - out[mask][:, 0] == 0).all()  # no green came in
    spread = [blurred(PHOTO, MASKS["square"], strength)[MASKS["square"]].std() for strength in (0.1, 0.5, 1.0)]
    assert spread == sorted(spread, reverse=True)


@pytest.mark.parametrize("kind", ["blur", "remove"])
@pytest.mark.parametrize("name", [name for name in MASKS if name != "most"])
def test_a_picture_of_one_colour_stays_as_it_is(kind, name):
    flat = np.full((*SIZE, 3), (200, 90, 10), np.uint8)
    assert np.abs(SAME_SIZE[kind](flat, MASKS[name]).astype(int) - flat).max() <= 1


def test_a_removed_thing_leaves_nothing_of_its_colour():
    slope = np.broadcast_to(np.linspace(60, 200, 160)[None, :, None], (*SIZE, 3)).astype(np.uint8)
    thing = slope.copy()
    thing[40:80, 60:100] = (255, 0, 0)
    mask = np.zeros(SIZE, bool)
    mask[41:79, 61:99] = True  # a pixel too small all around
    assert np.abs(removed(thing, mask).astype(int) - slope).max() <= 2


def test_a_large_hole_is_filled_at_a_lower_resolution_and_a_whole_picture_is_refused():
    side = 2 * LONGEST + 150
    slope = np.broadcast_to(np.rint(np.linspace(20, 230, side))[:, None, None], (side, side, 3)).astype(np.uint8)
    hole, mask = slope.copy(), np.zeros((side, side), bool)
    mask[60:-60, 70:-50] = True
    hole[mask] = 0
    assert np.abs(removed(hole, mask).astype(int) - slope).max() <= 9  # of 210: steps of 8 bits at the edge go on
    with pytest.raises(BadInput, match="whole picture"):
        removed(PHOTO, np.ones(SIZE, bool))
    assert (recoloured(PHOTO, np.ones(SIZE, bool), (255, 0, 0)) != PHOTO).any()
    assert cut_out(PHOTO, np.ones(SIZE, bool))[..., 3].min() == 255


def test_removal_tells_how_far_it_is_and_stops_between_pieces():
    shares: list[float] = []
    removed(PHOTO, MASKS["two pieces"], progress=shares.append)
    assert len(shares) == 2
    assert 0 < shares[0] < shares[1] == 1
    token = CancelToken()
    with pytest.raises(Cancelled):
        removed(PHOTO, MASKS["two pieces"], token, progress=lambda share: token.cancel())


@pytest.mark.parametrize("name", MASKS)
def test_cut_out_and_copy_hold_the_mask_and_its_feather(name):
    mask = MASKS[name]
    whole = cut_out(PHOTO, mask)
    assert (whole.shape, whole.dtype) == ((*SIZE, 4), np.uint8)
    assert np.array_equal(whole[mask][:, :3], PHOTO[mask])
    assert (whole[mask][:, 3] == 255).all()
    assert (whole[distance_transform_edt(~mask) >= FEATHER + 1][:, 3] == 0).all()
    window, small = copied(PHOTO, mask)
    assert np.array_equal(small[..., 3], whole[window][..., 3])
    assert np.array_equal(small[..., :3], PHOTO[window])
    assert whole[..., 3].sum() == small[..., 3].sum()


def test_a_chain_is_each_effect_on_what_those_before_made():
    mask, other, shares = MASKS["square"], MASKS["two pieces"], []
    choices = [EffectChoice("recolour", (255, 0, 0)), EffectChoice("copy"), EffectChoice("blur", strength=0.4)]
    steps = [EffectStep.of(choice, part) for choice, part in zip(choices, (mask, mask, other), strict=True)]
    _, pixels = redone(PHOTO, steps, CancelToken(), shares.append)
    by_hand = blurred(recoloured(PHOTO, mask, (255, 0, 0)), other, 0.4)
    assert np.array_equal(pixels[..., :3], by_hand)
    assert all(0 <= share <= 1 for share in shares)
    window, copy = redone(PHOTO, steps[:2], CancelToken(), shares.append)
    expected = copied(recoloured(PHOTO, mask, (255, 0, 0)), mask)
    assert window == expected[0]
    assert np.array_equal(copy, expected[1])


@pytest.mark.parametrize("change", [{"kind": "paint"}, {"colour": [1, 2]}, {"strength": "much"}, {"mask": None}])
def test_a_step_that_is_none_is_refused_in_a_line(change):
    plain = EffectStep.of(EffectChoice("blur"), MASKS["square"]).to_json()
    with pytest.raises(BadInput):
        redone(PHOTO, [EffectStep.from_json({**plain, **change})], CancelToken(), lambda share: None)
    with pytest.raises(BadInput, match="is for 160x120 pixels, not 160x60"):
        redone(PHOTO[:60], [EffectStep.from_json(plain)], CancelToken(), lambda share: None)

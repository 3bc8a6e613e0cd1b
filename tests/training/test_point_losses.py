"""Mask losses worked off a few masks at a time against the plain way, with automatic gradients."""

import pytest
import torch
from torch.nn import functional as F

from semsam_annotate.training.point_losses import ROWS_AT_ONCE, PointLosses
from semsam_annotate.training.points import SeededRand, sample_points, spread, uncertain_points

CPU = torch.device("cpu")
POINTS = (60, 3.0, 0.75)


def asked(count, images=1, seed=0, dtype=torch.float32):
    """Logits with more queries than are asked for, truths, and which query is asked for which truth."""
    drawn = torch.Generator().manual_seed(seed)
    logits = torch.randn(count + 5, 12, 10, generator=drawn, dtype=dtype)
    truth = F.interpolate(torch.rand(7, 1, 4, 4, generator=drawn, dtype=dtype), (24, 20), mode="bilinear")[:, 0]
    queries = torch.randperm(count + 5, generator=drawn)[:count]
    rows = torch.randint(0, 7, (count,), generator=drawn)
    image = torch.randint(0, images, (count,), generator=drawn).sort().values
    return logits, queries, truth, rows, image


def plain(logits, queries, truth, rows, places):
    """All masks at once, with what torch differentiates by itself."""
    sampled, wanted = sample_points(logits[queries], places), sample_points(truth[rows], places)
    bce = F.binary_cross_entropy_with_logits(sampled, wanted, reduction="none").mean(1)
    shares = sampled.sigmoid()
    return bce, 1 - (2 * (shares * wanted).sum(1) + 1) / (shares.sum(1) + wanted.sum(1) + 1)


@pytest.mark.parametrize("count", [0, 1, ROWS_AT_ONCE, 2 * ROWS_AT_ONCE + 3])
def test_losses_and_gradients_are_those_of_all_masks_at_once(count):
    logits, queries, truth, rows, image = asked(count)
    rand = SeededRand((1,), CPU)
    blocks = range(0, count, ROWS_AT_ONCE)
    places = [uncertain_points(logits[queries[at : at + ROWS_AT_ONCE]], *POINTS, rand) for at in blocks]
    mine, other = logits.clone().requires_grad_(), logits.clone().requires_grad_()
    again = SeededRand((1,), CPU)
    found = PointLosses.apply(mine, queries, truth, rows, image, POINTS, lambda shape, _image: again(shape))
    wanted = plain(other, queries, truth, rows, torch.cat([torch.zeros(0, 60, 2), *places]))
    weights = torch.linspace(0.2, 1.5, count)
    for one, same in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, same, rtol=1e-5, atol=1e-6)
    ((found[0] * weights).sum() + (found[1] * weights.flip(0)).sum()).backward()
    ((wanted[0] * weights).sum() + (wanted[1] * weights.flip(0)).sum()).backward()
    torch.testing.assert_close(mine.grad, other.grad, rtol=1e-4, atol=2e-6)


def test_gradients_in_double_precision_are_those_of_finite_differences():
    logits, queries, truth, rows, image = asked(3, dtype=torch.float64)

    def losses(maps):
        return PointLosses.apply(maps, queries, truth, rows, image, (40, 1.0, 0.0), drawn)

    def drawn(shape, _image):
        return torch.rand(shape, generator=torch.Generator().manual_seed(3), dtype=torch.float64)

    assert torch.autograd.gradcheck(losses, logits.requires_grad_(), atol=3e-5, rtol=1e-3)


def test_an_image_does_not_depend_on_the_others():
    logits, queries, truth, rows, image = asked(3 * ROWS_AT_ONCE, images=3, seed=4)
    whole = PointLosses.apply(logits, queries, truth, rows, image, POINTS, SeededRand((2,), CPU))
    last = image == 2
    alone = PointLosses.apply(
        logits, queries[last], truth, rows[last], image[last] - 2, POINTS, SeededRand((2,), CPU, first=2)
    )
    for one, same in zip(whole, alone, strict=True):
        torch.testing.assert_close(one[last], same, rtol=0, atol=0)


def test_spreading_is_the_transpose_of_sampling():
    drawn = torch.Generator().manual_seed(1)
    maps = torch.randn(4, 9, 7, generator=drawn).requires_grad_()
    points, slopes = torch.rand(4, 30, 2, generator=drawn), torch.randn(4, 30, generator=drawn)
    sample_points(maps, points).backward(slopes)
    torch.testing.assert_close(spread(slopes, points, maps.detach()), maps.grad)

"""From masks to a tree: each below the smallest that holds it, named object or part, siblings apart."""

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from semsam_annotate.api import AutoSettings, Labels, Proposal, Tree, TreeNode
from semsam_annotate.automatic.overlaps import Overlaps

Flags = NDArray[np.bool_]
PART_WEIGHT = 2 / 3
"""Of the part head beside the labels, when both were trained."""


def arrange(
    proposals: Sequence[Proposal], overlaps: Overlaps, settings: AutoSettings, capabilities: Collection[str] = ()
) -> Tree:
    """The tree of masks, in the order of ``overlaps``.

    A mask's parent is the smallest larger mask that holds at least ``settings.inside`` of it. Of two siblings that
    share more than ``settings.sibling_overlap`` of the smaller one, the one with the worse score is left out and its
    children move up; of masks with the same pixels the best is left. ``capabilities``: of the engine (``EngineInfo``);
    heads that were not trained decide nothing.
    """
    scores = np.array([proposal.score for proposal in proposals])
    alive = ~_doubles(overlaps, scores)
    while True:
        parents = _parents(overlaps, alive, settings.inside)
        losers = _losers(overlaps, alive, parents, scores, settings.sibling_overlap)
        if not losers.any():
            return _tree(proposals, overlaps.areas, alive, parents, capabilities)
        alive &= ~losers


def _doubles(overlaps: Overlaps, scores: NDArray[np.float64]) -> Flags:
    """Masks of the same pixels as a better one: in small images, whose pixels are coarser than what was compared."""
    areas, first, second = overlaps.areas, overlaps.first, overlaps.second
    same = (overlaps.joint == areas[first]) & (overlaps.joint == areas[second])
    first, second = first[same], second[same]
    doubles = np.zeros(len(areas), bool)
    doubles[np.where(scores[second] > scores[first], first, second)] = True
    return doubles


def _parents(overlaps: Overlaps, alive: Flags, inside: float) -> NDArray[np.int64]:
    """Index of each mask's parent, -1 for none. Of two masks of one size the first is the larger."""
    areas, parents = overlaps.areas, np.full(len(overlaps.areas), -1, np.int64)
    rank = np.empty(len(areas), np.int64)
    rank[np.lexsort((np.arange(len(areas)), -areas))] = np.arange(len(areas))
    held, holder = overlaps.second, overlaps.first
    swap = rank[held] < rank[holder]
    held, holder = np.where(swap, holder, held), np.where(swap, held, holder)
    fits = alive[held] & alive[holder] & (overlaps.joint >= inside * areas[held])
    order = np.argsort(rank[holder[fits]], kind="stable")  # smaller holders overwrite larger ones
    parents[held[fits][order]] = holder[fits][order]
    return parents


def _losers(
    overlaps: Overlaps, alive: Flags, parents: NDArray[np.int64], scores: NDArray[np.float64], most: float
) -> Flags:
    """Who of the siblings in conflict goes: best score first, whoever meets a better one that stays."""
    first, second = overlaps.first, overlaps.second
    smaller = np.minimum(overlaps.areas[first], overlaps.areas[second])
    conflict = alive[first] & alive[second] & (parents[first] == parents[second]) & (overlaps.joint > most * smaller)
    losers = np.zeros(len(alive), bool)
    pairs = [
        (a, b) if scores[a] >= scores[b] else (b, a) for a, b in zip(first[conflict], second[conflict], strict=True)
    ]
    for better, worse in sorted(pairs, key=lambda pair: (-scores[pair[0]], -scores[pair[1]], *pair)):
        if not losers[better]:
            losers[worse] = True
    return losers


def _tree(
    proposals: Sequence[Proposal],
    areas: NDArray[np.int64],
    alive: Flags,
    parents: NDArray[np.int64],
    capabilities: Collection[str],
) -> Tree:
    nodes: dict[int, TreeNode] = {}
    for index in np.lexsort((np.arange(len(areas)), -areas)).tolist():
        if alive[index]:
            parent = nodes[parents[index]] if parents[index] >= 0 else None
            nodes[index] = TreeNode(proposals[index], parent, is_part(proposals[index], parent, capabilities))
    return Tree([node for node in nodes.values() if node.parent is None])


def is_part(proposal: Proposal, parent: TreeNode | None, capabilities: Collection[str]) -> bool:
    """Whether a mask is a part of what holds it rather than an object of its own (which may lie inside another).

    The part head and the labels decide, as far as they were trained: a part bears the name of the object it belongs
    to, so its names agree with its parent's. With neither, what lies inside something is a part of it.
    """
    evidence = []
    if "part_probability" in capabilities:
        evidence.append((PART_WEIGHT, proposal.part_probability))
    if parent is not None and "object_labels" in capabilities and proposal.object_labels:
        evidence.append((1 - PART_WEIGHT, agreement(proposal.object_labels, parent.proposal.object_labels)))
    if not evidence:
        return parent is not None
    return sum(weight * value for weight, value in evidence) / sum(weight for weight, _ in evidence) >= 0.5


def agreement(first: Labels | list[tuple[str, float]], second: Labels | list[tuple[str, float]]) -> float:
    """Share 0..1 that two distributions over names have in common."""
    other = dict(second)
    return sum(min(share, other.get(name, 0.0)) for name, share in first)

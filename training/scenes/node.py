"""What an object is made of: named outlines, nested."""

from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Outline: TypeAlias = NDArray[np.float64]
"""(K, 2) points x, y of a closed polygon, y down; objects fill about -1..1."""

Tint: TypeAlias = str
"""A word for what colours are likely: see ``palette``; empty: any."""


@dataclass(frozen=True)
class Node:
    """One named piece with the pieces on it, drawn in order: the outline, then the children, later ones on top.

    name: the object's or the bare part name. outline: None for a piece that consists of its children only.
    clip: drawn only where the parent shows, like a spot on a body. A node's mask is its outline and its children, as
    far as they are seen.
    """

    name: str
    outline: Outline | None
    children: tuple["Node", ...] = ()
    tint: Tint = ""
    clip: bool = False

    def count(self) -> int:
        """Number of pieces, this one included."""
        return 1 + sum(child.count() for child in self.children)

    def pruned(self, depth: int) -> "Node":
        """The same without what lies deeper than ``depth`` levels below; groups do not count as a level."""
        if self.outline is not None and depth == 0:
            return replace(self, children=())
        below = depth if self.outline is None else depth - 1
        return replace(self, children=tuple(child.pruned(below) for child in self.children))


def piece(name: str, outline: Outline | None, *children: Node, tint: Tint = "", clip: bool = False) -> Node:
    """A node, written so that a tree of them reads like the thing."""
    return Node(name, outline, children, tint, clip)


def row(nodes: list[Node]) -> tuple[Node, ...]:
    """Several like pieces, to be spread into a parent."""
    return tuple(nodes)

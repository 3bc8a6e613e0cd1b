"""What an engine answers for a whole image."""

from collections.abc import Iterator, Sequence
from typing import Any

from semsam_annotate.api.errors import BadInput
from semsam_annotate.api.proposal import Proposal


class TreeNode:
    """A proposal of a whole image with the proposals inside it.

    ``is_part``: whether it is a part of its parent rather than an object of its own, which may lie inside another (a
    cup on a table); left out: whatever has a parent is a part.
    """

    def __init__(self, proposal: Proposal, parent: "TreeNode | None" = None, is_part: bool | None = None) -> None:
        self.proposal, self.parent = proposal, parent
        self.is_part = parent is not None if is_part is None else is_part
        self.children: list[TreeNode] = []
        if parent is not None:
            parent.children.append(self)

    def __repr__(self) -> str:
        return f"TreeNode({self.proposal!r}, children={len(self.children)})"


class Tree:
    """Everything found in an image: ``roots``, below each node what lies inside it, objects or parts."""

    def __init__(self, roots: Sequence[TreeNode]) -> None:
        self.roots = list(roots)

    def __iter__(self) -> Iterator[TreeNode]:
        """Every node, parents before children."""
        waiting = list(reversed(self.roots))
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(reversed(node.children))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    @property
    def nodes(self) -> list[TreeNode]:
        """Every node, parents before children."""
        return list(self)

    def to_json(self) -> list[dict[str, Any]]:
        """Nodes, parents first, each with the index of its parent or null."""
        nodes = self.nodes
        index = {id(node): number for number, node in enumerate(nodes)}
        return [
            {
                "proposal": node.proposal.to_json(),
                "parent": None if node.parent is None else index[id(node.parent)],
                "is_part": node.is_part,
            }
            for node in nodes
        ]

    @classmethod
    def from_json(cls, value: Sequence[dict[str, Any]]) -> "Tree":
        """Back from ``to_json``; BadInput for anything else."""
        nodes: list[TreeNode] = []
        try:
            for item in value:
                parent = item["parent"]
                if parent is not None and not 0 <= parent < len(nodes):
                    raise BadInput(
                        f"node {len(nodes)} of a tree has the parent {parent}, which does not come before it"
                    )
                holder = None if parent is None else nodes[parent]
                nodes.append(TreeNode(Proposal.from_json(item["proposal"]), holder, item.get("is_part")))
        except (KeyError, TypeError) as error:
            raise BadInput(f"not a tree: {error}") from error
        return cls([node for node in nodes if node.parent is None])

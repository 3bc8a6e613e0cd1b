"""The generic branch: learned queries that find everything of a vocabulary without a prompt (Mask DINO, section 3).

They run through the layers of the prompted queries, see each other and never a prompt, as prompted queries never see
them: so either branch answers the same with and without the other.
"""

import math

import torch
from torch import Tensor, nn

from semsam_annotate.model.layers.position import inverse_sigmoid
from semsam_annotate.model.mask_decoder.prompts import POSITIVE, PromptBatch

EMPTY = 6.0
"""Logit of having found nothing that queries start with: above all names, since most queries find nothing."""


class GenericQueries(nn.Module):
    """``count`` learned queries with learned anchors, and how much each state speaks for having found nothing.

    Names compete with each other, as they do for prompted queries, and with that logit: so the class heads mean the
    same in both branches, and the probabilities of a query sum to at most one.
    """

    def __init__(self, count: int, dim: int) -> None:
        super().__init__()
        self.content = nn.Parameter(torch.randn(count, dim))
        self.anchors = nn.Parameter(inverse_sigmoid(grid_anchors(count)))
        self.empty = nn.Linear(dim, 2)
        nn.init.zeros_(self.empty.weight)
        nn.init.constant_(self.empty.bias, EMPTY)

    def forward(self, batch: int) -> tuple[Tensor, Tensor]:
        """Contents (batch, Q, 1, dim) and anchor boxes (batch, Q, 1, 4), cxcywh in 0..1 of the padded input."""
        contents = self.content[None, :, None].expand(batch, -1, -1, -1)
        return contents, self.anchors.sigmoid()[None, :, None].expand(batch, -1, -1, -1)

    def as_clicks(self) -> PromptBatch:
        """(1, Q) prompts that stand for the anchors where pixels are told their place: a click at each centre."""
        anchors = self.anchors.detach().sigmoid()[None]
        kinds = torch.full((1, anchors.shape[1], 1), POSITIVE, device=anchors.device)
        return PromptBatch(anchors, torch.zeros_like(kinds[..., 0]), anchors[:, :, None, :2], kinds)

    def log_odds(self, state: Tensor, logits: Tensor, part: bool) -> Tensor:
        """(…, V) log-odds of every name, as an object or, if ``part``, as a part: their sigmoid is a softmax's share.

        ``state`` (…, dim) and the class heads' ``logits`` (…, V) of it. As odds they fit losses and costs of sigmoids.
        """
        everything = torch.cat([logits, self.empty(state)[..., int(part), None]], -1)
        shares = (logits - everything.logsumexp(-1, keepdim=True)).clamp(max=-1e-6)
        rest = torch.where(shares > -0.6931, (-shares.expm1()).log(), (-shares.exp()).log1p())
        return shares - rest

    @torch.no_grad()
    def start_from(self, contents: Tensor, size: float) -> None:
        """Begin as clicks on a grid: ``contents`` (K, dim) of the prompted queries in turn, anchors of ``size``.

        A network that answers clicks then finds objects from the first step, and learns only to find each once.
        """
        count, kinds = len(self.content), len(contents)
        places = grid_anchors(-(-count // kinds)).repeat_interleave(kinds, 0)[:count]
        places[:, 2:] = size
        self.anchors.copy_(inverse_sigmoid(places))
        self.content.copy_(contents.repeat(-(-count // kinds), 1)[:count])


def grid_anchors(count: int) -> Tensor:
    """(count, 4) boxes whose centres fill the image evenly, row by row, each as large as its cell."""
    rows = max(1, math.floor(math.sqrt(count)))
    share, more = divmod(count, rows)
    boxes = []
    for row in range(rows):
        columns = share + (row < more)
        boxes += [((c + 0.5) / columns, (row + 0.5) / rows, 1 / columns, 1 / rows) for c in range(columns)]
    return torch.tensor(boxes).clamp(1e-3, 1 - 1e-3)

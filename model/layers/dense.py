"""Linear layer through oneDNN where the processor has it, with its activation in one kernel."""

from functools import cache
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from semsam_annotate.model.layers.kept import Kept

Activation = Literal["none", "relu", "gelu"]


FEW = 64
"""Rows of input up to which laying out the weights takes longer than multiplying by them."""


class Dense(nn.Linear):
    """``nn.Linear`` followed by an activation.

    On an x86 processor oneDNN computes it, without gradients both at once: torch's own matrix product goes through MKL,
    which leaves half of AMD's vector units unused. Every other device uses plain torch. A layer that is asked for a few
    rows at a time, as for a click, keeps its weights in oneDNN's own layout as well.
    """

    def __init__(self, inputs: int, outputs: int, bias: bool = True) -> None:
        super().__init__(inputs, outputs, bias)
        self._laid_out: Kept[tuple[Tensor, Tensor]] = Kept(1)

    def forward(self, x: Tensor, activation: Activation = "none") -> Tensor:
        """(…, inputs) to (…, outputs)."""
        few = (
            x.numel() <= FEW * self.in_features
            and not torch.is_grad_enabled()
            and not self.weight.is_inference()
            and onednn_fits(x)
        )
        return dense(x, self._own_layout() if few else self.weight, self.bias, activation)

    def _own_layout(self) -> Tensor:
        """The weights as oneDNN likes them best, laid out anew whenever they change."""
        weight = self.weight
        if weight.dtype != torch.float32:
            return weight
        # The kept weight holds on to its memory, so that no other weight can appear at the same place.
        made = self._laid_out.get(
            (weight.data_ptr(), weight._version),
            lambda: (weight.detach(), torch.ops.mkldnn._reorder_linear_weight(weight.detach(), FEW)),
        )
        return made[1]


def dense(x: Tensor, weight: Tensor, bias: Tensor | None = None, activation: Activation = "none") -> Tensor:
    """(…, inputs) to (…, outputs) with ``weight`` (outputs, inputs)."""
    if onednn_fits(x) and weight.dtype == torch.float32:
        if not torch.is_grad_enabled():
            return _product(x, weight, bias, activation)
        out: Tensor = _Product.apply(x, weight, bias)
    else:
        out = F.linear(x, weight, bias)
    if activation == "none":
        return out
    return F.relu(out) if activation == "relu" else F.gelu(out)


def _product(x: Tensor, weight: Tensor, bias: Tensor | None = None, activation: Activation = "none") -> Tensor:
    algorithm = "none" if activation == "gelu" else ""  # the exact GELU, not the one by tanh
    out: Tensor = torch.ops.mkldnn._linear_pointwise(x, weight, bias, activation, [], algorithm)
    return out


class _Product(torch.autograd.Function):
    """``F.linear``, whose gradients are products of the same kernel."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, weight)
        return _product(x, weight, bias)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        gradient = gradients[0].contiguous()
        rows = gradient.flatten(0, -2)
        of_x, of_weight, of_bias = ctx.needs_input_grad
        return (
            _product(gradient, weight.t()) if of_x else None,
            _product(rows.t(), x.flatten(0, -2).t()) if of_weight else None,
            rows.sum(0) if of_bias else None,
        )


def onednn_fits(x: Tensor) -> bool:
    """Whether oneDNN's own kernels can and should compute on ``x``."""
    return (
        x.device.type == "cpu"
        and x.dtype == torch.float32
        and x.numel() > 0
        and not torch.is_autocast_enabled(x.device.type)
        and not torch.compiler.is_compiling()  # the compiler fuses by itself
        and has_onednn()
    )


@cache
def has_onednn() -> bool:
    """Whether this processor and this torch have oneDNN's kernels; asked hundreds of times for a click."""
    return (
        torch.backends.mkldnn.is_available()
        and "AVX" in torch.backends.cpu.get_cpu_capability()
        and hasattr(torch.ops.mkldnn, "_linear_pointwise")
        and hasattr(torch.ops.mkldnn, "_reorder_linear_weight")
    )

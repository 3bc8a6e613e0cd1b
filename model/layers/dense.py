"""Linear layer with its activation in one kernel where the processor has one."""

from functools import cache
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from semsam_annotate.model.layers.kept import Kept

Activation = Literal["none", "relu", "gelu"]


FEW = 64
"""Rows of input up to which laying out the weights takes longer than multiplying by them."""


class Dense(nn.Linear):
    """``nn.Linear`` followed by an activation.

    Without gradients on an x86 processor oneDNN computes both at once: torch's own matrix product goes through MKL,
    which leaves half of AMD's vector units unused. Training and every other device use plain torch. A layer that is
    asked for a few rows at a time, as for a click, keeps its weights in oneDNN's own layout as well.
    """

    def __init__(self, inputs: int, outputs: int, bias: bool = True) -> None:
        super().__init__(inputs, outputs, bias)
        self._laid_out: Kept[tuple[Tensor, Tensor]] = Kept(1)

    def forward(self, x: Tensor, activation: Activation = "none") -> Tensor:
        """(…, inputs) to (…, outputs)."""
        few = x.numel() <= FEW * self.in_features and not self.weight.is_inference() and fused_kernel_fits(x)
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
    if fused_kernel_fits(x) and weight.dtype == torch.float32:
        algorithm = "none" if activation == "gelu" else ""  # the exact GELU, not the one by tanh
        fused: Tensor = torch.ops.mkldnn._linear_pointwise(x, weight, bias, activation, [], algorithm)
        return fused
    out = F.linear(x, weight, bias)
    if activation == "none":
        return out
    return F.relu(out) if activation == "relu" else F.gelu(out)


def fused_kernel_fits(x: Tensor) -> bool:
    """Whether oneDNN's fused kernels can and should compute on ``x``."""
    return (
        x.device.type == "cpu"
        and x.dtype == torch.float32
        and x.numel() > 0
        and not torch.is_grad_enabled()
        and not torch.is_autocast_enabled(x.device.type)
        and not torch.compiler.is_compiling()  # the compiler fuses by itself
        and has_fused_kernels()
    )


@cache
def has_fused_kernels() -> bool:
    """Whether this processor and this torch have oneDNN's fused kernels; asked hundreds of times for a click."""
    return (
        torch.backends.mkldnn.is_available()
        and "AVX" in torch.backends.cpu.get_cpu_capability()
        and hasattr(torch.ops.mkldnn, "_linear_pointwise")
        and hasattr(torch.ops.mkldnn, "_reorder_linear_weight")
    )

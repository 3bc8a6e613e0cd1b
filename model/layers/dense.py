"""Linear layer with its activation in one kernel where the processor has one."""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Activation = Literal["none", "relu", "gelu"]


class Dense(nn.Linear):
    """``nn.Linear`` followed by an activation.

    Without gradients on an x86 processor oneDNN computes both at once: torch's own matrix product goes through MKL,
    which leaves half of AMD's vector units unused. Training and every other device use plain torch.
    """

    def forward(self, x: Tensor, activation: Activation = "none") -> Tensor:
        """(…, inputs) to (…, outputs)."""
        return dense(x, self.weight, self.bias, activation)


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
        and not torch.compiler.is_compiling()  # the compiler fuses by itself
        and torch.backends.mkldnn.is_available()
        and "AVX" in torch.backends.cpu.get_cpu_capability()
        and hasattr(torch.ops.mkldnn, "_linear_pointwise")
    )

"""Small perceptron with ReLU between its layers."""

from itertools import pairwise

from torch import Tensor, nn

from semsam_annotate.model.layers.dense import Dense


class Mlp(nn.Module):
    """``layers`` linear layers, ReLU after all but the last."""

    def __init__(self, inputs: int, hidden: int, outputs: int, layers: int) -> None:
        super().__init__()
        widths = [inputs, *[hidden] * (layers - 1), outputs]
        self.layers = nn.ModuleList(Dense(a, b) for a, b in pairwise(widths))

    def forward(self, x: Tensor) -> Tensor:
        """(…, inputs) to (…, outputs)."""
        for layer in self.layers[:-1]:
            x = layer(x, "relu")
        out: Tensor = self.layers[-1](x)
        return out

"""Names for masks: shares of the vocabulary, the rest "none of these"."""

from torch import Tensor

from semsam_annotate.model.engine.loaded import LoadedModel

Shares = list[tuple[str, float]]


def name_shares(model: LoadedModel, state: Tensor, names: tuple[str, ...], part: bool) -> list[Shares]:
    """For each state (M, dim): names with their probabilities, best first; empty without names or a trained head."""
    trained = model.card.parts if part else model.card.objects
    text = model.text(names) if trained else None
    if text is None:
        return [[] for _ in range(len(state))]
    shares = model.network.class_heads.with_null(state, text, part).softmax(-1)[:, :-1].cpu()
    ranked = shares.sort(dim=-1, descending=True, stable=True)
    return [
        [(names[column], share) for column, share in zip(columns, row, strict=True)]
        for columns, row in zip(ranked.indices.tolist(), ranked.values.tolist(), strict=True)
    ]

"""Names for masks: shares of the vocabulary, the rest "none of these"; from the text, the prototypes, the hierarchy."""

from collections.abc import Mapping, Sequence

from torch import Tensor

from semsam_annotate.api import Vocabulary
from semsam_annotate.model.engine.loaded import LoadedModel
from semsam_annotate.model.prototypes import Votes

Shares = list[tuple[str, float]]
_Probabilities = dict[str, float]


def name_masks(
    model: LoadedModel, state: Tensor, vocabulary: Vocabulary, votes: Sequence[Votes] | None = None
) -> list[tuple[Shares, Shares]]:
    """For each state (M, dim): object and part names with probabilities, best first.

    A side is empty without names, or when neither its head was trained nor anything is remembered. ``votes``: of the
    prototypes, one a state.
    """
    objects = text_probabilities(model, state, vocabulary.objects, part=False)
    parts = text_probabilities(model, state, vocabulary.parts, part=True)
    if votes is not None:
        objects = [blend(text, vote.objects, vocabulary.objects) for text, vote in zip(objects, votes, strict=True)]
        parts = [blend(text, vote.parts, vocabulary.parts) for text, vote in zip(parts, votes, strict=True)]
    pairs = zip(objects, parts, strict=True)
    return [(_shares(whole), _shares(consistent(part, whole, vocabulary))) for whole, part in pairs]


def text_probabilities(model: LoadedModel, state: Tensor, names: tuple[str, ...], part: bool) -> list[_Probabilities]:
    """For each state (M, dim): names with their probabilities; empty without names or a trained head."""
    trained = model.card.parts if part else model.card.objects
    text = model.text(names) if trained else None
    if text is None:
        return [{} for _ in range(len(state))]
    shares = model.network.class_heads.with_null(state, text, part).softmax(-1)[:, :-1].tolist()
    return [dict(zip(names, row, strict=True)) for row in shares]


def blend(text: _Probabilities, votes: Mapping[str, float], names: Sequence[str]) -> _Probabilities:
    """The mean of prototypes and text, weighed by the votes and by 1; names outside the vocabulary do not count.

    Without votes it is the text's word; without a trained head, what the votes leave is "none of these".
    """
    counted = {name: votes.get(name, 0.0) for name in names}
    total = sum(counted.values())
    if not total and not text:
        return {}
    return {name: (weight + text.get(name, 0.0)) / (total + 1.0) for name, weight in counted.items()}


def consistent(parts: _Probabilities, objects: _Probabilities, vocabulary: Vocabulary) -> _Probabilities:
    """P(part) given what it may belong to: weighed by the probability that its owner is one that has such a part.

    What the objects leave as "none of these" fits every part; the best supported part keeps its odds against "none".
    """
    if not objects or not vocabulary.owners:
        return parts
    rest = max(0.0, 1.0 - sum(objects.values()))
    fit = {name: _fit(vocabulary.owners_of(name), objects, rest) for name in parts}
    most = max(fit.values(), default=0.0)
    if most <= 0:
        return parts
    weighed = {name: share * fit[name] / most for name, share in parts.items()}
    total = sum(weighed.values()) + max(0.0, 1.0 - sum(parts.values()))
    return {name: share / total for name, share in weighed.items()} if total > 0 else parts


def _fit(owners: tuple[str, ...], objects: _Probabilities, rest: float) -> float:
    """Probability of the owners and of what is no object of the vocabulary; 1 for a part that fits any object."""
    return 1.0 if not owners else rest + sum(objects.get(owner, 0.0) for owner in owners)


def _shares(probabilities: _Probabilities) -> Shares:
    return sorted(probabilities.items(), key=lambda item: -item[1])

"""Masks by words and masks by example, among everything found in an image."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from semsam_annotate.api import BadInput, Mask, Prompt, Proposal, Vocabulary
from semsam_annotate.model.engine.catalogue import Catalogue, Described
from semsam_annotate.model.engine.labels import Shares, name_masks
from semsam_annotate.model.engine.loaded import LoadedModel
from semsam_annotate.model.engine.phrases import Phrase, parse_phrase
from semsam_annotate.model.innermost import innermost

MATCHES = 0.5
"""A mask is a match, among which sides choose, when it fits the words at least this share as well as the best."""
NAMES = 0.75
"""Weight of labels in likeness, where they are trained; neighbours in one image look alike whatever they are."""
AXES = {"left": (0, 1), "right": (0, -1), "top": (1, 1), "bottom": (1, -1)}


@dataclass(frozen=True)
class Search:
    """One image's catalogue with the model that names it."""

    model: LoadedModel
    catalogue: Catalogue

    def by_text(self, text: str, vocabulary: Vocabulary | None) -> list[Proposal]:
        """Every proposal, best first: by its chance to bear the name asked for times its predicted quality.

        The name competes with the vocabulary, or with all trained names when none is given, and with "none of these".
        An object's chance is that of its name and of being no part; a part's that of its name, of being one and, where
        the owner was said, of belonging to it. Sides order the matches by the centres of their boxes.
        """
        words = vocabulary or Vocabulary(self.model.card.objects, self.model.card.parts)
        phrase = parse_phrase(text, words.objects, words.parts)
        asked = _with_names(words, phrase)
        named = self._named(asked)
        fits = [_fit(phrase, proposal) * proposal.score for proposal in named]
        order = sorted(range(len(named)), key=lambda row: -fits[row])
        matches = [row for row in order if fits[row] >= MATCHES * fits[order[0]]]
        for side in reversed(phrase.sides):
            matches.sort(key=lambda row: _place(named[row], side))
        return [named[row] for row in (*matches, *order[len(matches) :])]

    def by_example(self, example: Described, threshold: float, vocabulary: Vocabulary | None) -> list[Proposal]:
        """Proposals at least as like the one example as ``threshold``, best first."""
        likeness = alikeness(self.model, self.catalogue.described, example)
        named = self._named(vocabulary or Vocabulary())
        order = likeness.argsort(descending=True, stable=True).tolist()
        return [named[row] for row in order if float(likeness[row]) >= threshold]

    def _named(self, words: Vocabulary) -> list[Proposal]:
        """The proposals with the labels of a vocabulary, new ones each time."""
        states = self.catalogue.described.states
        names = name_masks(self.model, states, words)
        return [_labelled(one, *labels) for one, labels in zip(self.catalogue.proposals, names, strict=True)]


def alikeness(model: LoadedModel, found: Described, example: Described) -> Tensor:
    """(M,) 0..1: the pooled features' cosine, from 0 on, and, by ``NAMES``, the agreement of labels of trained heads.

    Labels agree by the Bhattacharyya coefficient of the shares of the trained names and "none of these", objects and
    parts each, weighed by the chance that both are no part or both are one.
    """
    looks = (found.features @ example.features[0]).clamp(min=0)
    if not (model.card.objects or model.card.parts):
        return looks
    both, neither = found.part * example.part[0], (1 - found.part) * (1 - example.part[0])
    owners = _agreement(model, found.states, example.states, model.card.objects, part=False)
    parts = _agreement(model, found.states, example.states, model.card.parts, part=True)
    names = neither.sqrt() * owners + both.sqrt() * (owners * parts).sqrt()
    return NAMES * names.clamp(0, 1) + (1 - NAMES) * looks


def _agreement(model: LoadedModel, states: Tensor, other: Tensor, names: tuple[str, ...], part: bool) -> Tensor:
    text = model.text(names)
    if text is None:
        return states.new_ones(len(states))
    shares, wanted = (model.network.class_heads.with_null(rows, text, part).softmax(-1) for rows in (states, other))
    return torch.sqrt(shares * wanted[:1]).sum(-1)


def pointed_at(prompt: Prompt, found: Sequence[Proposal]) -> Prompt:
    """The prompt without its text, with a click at the innermost pixel of the best match that agrees with its clicks.

    Where it has other hints and no match agrees with them, they stand alone.
    """
    told = bool(prompt.points or prompt.scribble or prompt.box is not None or prompt.mask is not None)
    match = next((one for one in found if agrees(one.mask, prompt)), None if told else found[0])
    points = [*prompt.points, *([] if match is None else [innermost(match.mask)])]
    labels = [*prompt.labels, *([] if match is None else [1])]
    return Prompt(points, labels, prompt.box, prompt.scribble, prompt.mask)


def agrees(mask: Mask, prompt: Prompt) -> bool:
    """Whether a (H, W) mask holds the positive clicks and none of the negative ones."""
    places = (((round(y), round(x)), label) for (x, y), label in zip(prompt.points, prompt.labels, strict=True))
    return all(bool(mask[place]) == bool(label) for place, label in places)


def checked_example(example: Mask | Proposal, size: tuple[int, int]) -> Mask:
    """(H, W) bool of an example; BadInput unless it is of the image's size and not empty."""
    mask = example.mask if isinstance(example, Proposal) else np.asarray(example)
    if mask.dtype != np.bool_ or mask.shape != size:
        raise BadInput(f"an example is a {size[0]}x{size[1]} bool mask of its image, not {mask.dtype} {mask.shape}")
    if not mask.any():
        raise BadInput("an example mask needs at least one pixel that is set")
    return mask


def check_names(model: LoadedModel) -> None:
    """Raise BadInput when the model gives no names."""
    if not (model.card.objects or model.card.parts):
        raise BadInput(f"the model {model.name} was not trained to name masks: point at them instead of using words")


def _with_names(words: Vocabulary, phrase: Phrase) -> Vocabulary:
    """The vocabulary with the names that the phrase asks for."""
    either = phrase.object is None and phrase.part is None
    object_, part = (phrase.name, phrase.name) if either else (phrase.object, phrase.part)
    return Vocabulary(_joined(words.objects, object_), _joined(words.parts, part))


def _joined(names: Sequence[str], name: str | None) -> Sequence[str]:
    return names if name is None or name in names else [*names, name]


def _fit(phrase: Phrase, proposal: Proposal) -> float:
    """Chance, 0..1, that a labelled proposal is what the phrase says."""
    objects, parts = dict(proposal.object_labels), dict(proposal.part_labels)
    part = proposal.part_probability
    if phrase.object is not None and phrase.part is not None:
        return part * parts.get(phrase.part, 0.0) * objects.get(phrase.object, 0.0)
    object_name, part_name = phrase.object, phrase.part
    if object_name is None and part_name is None:
        object_name = part_name = phrase.name
    as_object = 0.0 if object_name is None else (1 - part) * objects.get(object_name, 0.0)
    as_part = 0.0 if part_name is None else part * parts.get(part_name, 0.0)
    return max(as_object, as_part)


def _place(proposal: Proposal, side: str) -> float:
    axis, sign = AXES[side]
    return sign * (proposal.box[axis] + proposal.box[axis + 2])


def _labelled(proposal: Proposal, objects: Shares, parts: Shares) -> Proposal:
    return Proposal(
        id=str(uuid.uuid4()),
        model=proposal.model,
        score=proposal.score,
        stability=proposal.stability,
        level=proposal.level,
        box=proposal.box,
        rle=proposal.rle,
        part_probability=proposal.part_probability,
        object_labels=objects,
        part_labels=parts,
    )

"""CLIP's byte-pair tokens and prompt templates, from OpenCLIP, which ships both; imported when first needed."""

from collections.abc import Callable, Sequence
from functools import cached_property
from importlib import import_module
from typing import Any

import torch
from torch import Tensor

from semsam_annotate.api import BadInput

SUFFIXES = ("-other", "-merged", "-stuff")
"""Marks in the class names of COCO's panoptic set, no part of the word."""
PHOTO = "a photo of a {}."


class ClipTokenizer:
    """Sentences to token ids: start, byte pairs, end, then ends until ``context`` is full; longer ones are cut."""

    def __init__(self, context: int) -> None:
        self.context = context

    def __call__(self, sentences: Sequence[str]) -> Tensor:
        """(N, context) long."""
        rows = [self._row(sentence) for sentence in sentences]
        return torch.tensor(rows, dtype=torch.long).view(-1, self.context)

    def _row(self, sentence: str) -> list[int]:
        start, end = int(self._pairs.sot_token_id), int(self._pairs.eot_token_id)
        ids = [start, *self._pairs.encode(sentence)][: self.context - 1]
        return ids + [end] * (self.context - len(ids))

    @cached_property
    def _pairs(self) -> Any:
        return _open_clip("tokenizer").SimpleTokenizer()


def templates() -> list[str]:
    """The 81 published sentences around a name: the bare name, "a photo of a", then the others of CLIP's eighty."""
    listed: Sequence[Callable[[str], str]] = _open_clip("zero_shot_metadata").OPENAI_IMAGENET_TEMPLATES
    written = [template("{}") for template in listed]
    return ["{}.", PHOTO, *(template for template in written if template != PHOTO)]


def bare(name: str) -> str:
    """A class name without the marks of COCO's panoptic set."""
    for suffix in SUFFIXES:
        name = name.replace(suffix, "")
    return name


def _open_clip(module: str) -> Any:
    try:
        return import_module(f"open_clip.{module}")
    except ImportError as error:
        raise BadInput("this model's CLIP text tower needs OpenCLIP: pip install 'semsam-annotate[clip]'") from error

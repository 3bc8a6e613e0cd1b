"""Files in a project's folder of models that somebody changed: nothing is read from them, or one line names them."""

import json
from contextlib import nullcontext, suppress

import pytest

from semsam_annotate.annotations.next_images import NextImage, NextImages, Review, write_next
from semsam_annotate.annotations.next_order import NextOrder
from semsam_annotate.annotations.retraining.known_masks import KnownMasks
from semsam_annotate.annotations.retraining.memory import LoopMemory
from semsam_annotate.annotations.retraining.run import runs
from semsam_annotate.annotations.retraining.writer import recorded
from semsam_annotate.api import BadInput
from semsam_annotate.api.promotions import Promotions
from semsam_annotate.training.calibrating import Calibration, read_calibration
from semsam_annotate.training.calibrating.kept import write_calibration

HUGE = "9" * 400
WRONG = ["1e999", HUGE, "null", "[]", "{}", '"x"', "true", "-1", "NaN", "[" * 100_000]
REVIEWS = (Review((1.0, 2.0, 3.0, 4.0), "car", 0.5, 0.5),)


def an_order(models):
    images = (NextImage("a.png", "ab", 1.0, REVIEWS),)
    write_next(models, NextImages("random", "v", "packaged", "2030", images))
    return models / "next.json"


def a_run(models):
    with suppress(RuntimeError), recorded(models):
        raise RuntimeError("ended")
    return models / "runs/0001/run.json"


def a_memory(models):
    LoopMemory(KnownMasks(1, "a", frozenset({"b"})), None, 1, 2, "here", 3).write(models)
    return models / "loop-tried.json"


def promotions(models):
    (models / "active.json").write_text(json.dumps({"promoted": ["0123456789ab"]}))
    return models / "active.json"


def look(models):
    return [(run.outcome, run.masks, run.pictures, run.elsewhere) for run in runs(models)]


FILES = {
    "order": (an_order, lambda models: NextOrder(models).last()),
    "run": (a_run, look),
    "outcome": (lambda models: a_run(models).with_name("outcome.json"), look),
    "memory": (a_memory, LoopMemory.read),
    "calibration": (
        lambda models: write_calibration(models, "v", Calibration(1.5, 2.0, (0.8, 0.1)), {}),
        lambda models: read_calibration(models, "v"),
    ),
    "promotions": (promotions, lambda models: Promotions(models).history()),
}


def spoiled(value, wrong):
    """The JSON of a value with one leaf or branch after the other replaced by ``wrong``."""
    yield wrong
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        for text in spoiled(inner, wrong):
            kept = {**value, key: "HERE"} if isinstance(value, dict) else [*value[:key], "HERE", *value[key + 1 :]]
            yield json.dumps(kept).replace('"HERE"', text)


@pytest.mark.parametrize("kind", FILES)
def test_whatever_stands_in_a_file_nothing_breaks(kind, tmp_path):
    write, read = FILES[kind]
    file = write(tmp_path)
    whole = json.loads(file.read_text())
    for wrong in WRONG:
        for text in spoiled(whole, wrong):
            file.write_text(text)
            with nullcontext() if kind != "promotions" else suppress(BadInput):
                read(tmp_path)

"""A deterministic engine of nested regions, pictures with known objects, and a worker that answers when told."""

import hashlib
import os
import queue
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest

from semsam_annotate.annotations import image_sha256
from semsam_annotate.api import (
    Embedding,
    EngineInfo,
    Ladder,
    Prompt,
    Proposal,
    StaleEmbedding,
    Tree,
    Vocabulary,
    decode_rle,
)
from semsam_annotate.api.tree import TreeNode
from semsam_annotate.napari.engine.worker import EngineWorker
from semsam_annotate.napari.state.editing import MaskEditing
from semsam_annotate.napari.state.picture import Picture
from semsam_annotate.napari.state.session import AnnotationSession

SETTINGS = tempfile.TemporaryDirectory(prefix="napari-settings-")
os.environ["NAPARI_CONFIG"] = str(Path(SETTINGS.name) / "settings.yaml")
"""Tests change napari's settings: neither those of whoever runs them, nor do theirs count."""


class RegionEngine:
    """Pixels like the clicked one, in four tolerances, less those like a negative click. It learns nothing."""

    def __init__(self) -> None:
        self.known: dict[str, np.ndarray] = {}
        self.remembered: dict[str, tuple[int, str | None, str | None]] = {}
        self.delay = 0.0

    @property
    def info(self) -> EngineInfo:
        return EngineInfo("regions", "regions-1", "cpu", 0, ("points", "box", "object_labels", "part_labels"))

    def encode(self, image: np.ndarray, cancel: object = None) -> Embedding:
        time.sleep(self.delay)
        key = hashlib.sha256(image.tobytes()).hexdigest()
        self.known[key] = image.astype(int)
        return Embedding(key, image.shape[:2], "regions-1")

    def propose(self, embedding: Embedding, prompt: Prompt, vocabulary: Vocabulary | None = None) -> Ladder:
        if embedding.key not in self.known:
            raise StaleEmbedding("gone")
        image, words = self.known[embedding.key], vocabulary or Vocabulary()
        prompt.check_inside(*image.shape[:2])
        proposals: list[Proposal] = []
        for level, tolerance in ((6, 20), (4, 120), (2, 300), (1, 800)):
            mask = self._mask(image, prompt, tolerance)
            if mask.any() and (not proposals or mask.sum() > proposals[-1].area):
                proposals.append(self._proposal(mask, level, words))
        return Ladder(proposals or [self._proposal(np.ones(image.shape[:2], bool), 1, words)])

    def propose_many(self, embedding: Embedding, prompts, vocabulary: Vocabulary | None = None) -> list[Ladder]:
        return [self.propose(embedding, prompt, vocabulary) for prompt in prompts]

    @staticmethod
    def _mask(image: np.ndarray, prompt: Prompt, tolerance: int) -> np.ndarray:
        mask = np.zeros(image.shape[:2], bool)
        points, labels = [*prompt.points], [*prompt.labels]
        if prompt.mask is not None:  # its middle
            rows, columns = np.nonzero(decode_rle(prompt.mask))
            points.append((float(np.median(columns)), float(np.median(rows))))
            labels.append(1)
        if prompt.box is not None:
            x0, y0, x1, y1 = (max(round(edge), 0) for edge in prompt.box)
            mask[y0:y1, x0:x1] = True
        for (x, y), label in zip(points, labels, strict=True):
            close = np.abs(image - image[round(y), round(x)]).sum(axis=2) <= (tolerance if label else 20)
            mask = mask | close if label else mask & ~close
        return mask

    @staticmethod
    def _proposal(mask: np.ndarray, level: int, words: Vocabulary) -> Proposal:
        rows, columns = np.nonzero(mask)
        return Proposal(
            id=f"p{level}",
            model="regions-1",
            score=0.9 - 0.1 * abs(level - 4),
            stability=0.9,
            level=level,
            box=(int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1),
            mask=mask,
            part_probability=0.8 if level > 4 else 0.1,
            object_labels=[(name, 0.6 / len(words.objects)) for name in words.objects],
            part_labels=[(name, 0.6 / len(words.parts)) for name in words.parts],
        )

    def auto(self, embedding, vocabulary=None, cancel=None) -> Tree:
        """The square of the scene with its dark part, and the whole picture beside it."""
        if cancel is not None:
            time.sleep(self.delay)
            cancel.check()
        image, words = self.known[embedding.key], vocabulary or Vocabulary()
        part, square = (self._mask(image, Prompt([(70.0, 60.0)]), tolerance) for tolerance in (20, 120))
        root = TreeNode(self._proposal(square, 4, words))
        TreeNode(self._proposal(part, 6, words), root)
        return Tree([root, TreeNode(self._proposal(np.ones(image.shape[:2], bool), 1, words))])

    def remember(self, embedding, mask, object=None, part=None, *, id) -> None:
        if embedding.key not in self.known:
            raise StaleEmbedding("gone")
        self.remembered[id] = (int(mask.sum()), object, part)

    def forget(self, ids) -> None:
        for id in ids:
            self.remembered.pop(id, None)

    def close(self) -> None:
        self.known.clear()


class RegionLink:
    """A link to a RegionEngine that can die in the middle of a call, as a child process can."""

    def __init__(self) -> None:
        self.starts = 0
        self.kills = 0
        self._engine: RegionEngine | None = None

    @property
    def engine(self) -> RegionEngine:
        if self._engine is None:
            self.starts += 1
            self._engine = RegionEngine()
        return self._engine

    @property
    def is_running(self) -> bool:
        return self._engine is not None

    def kill(self) -> None:
        self.kills += 1
        self._engine = None


class Pump:
    """Stands for the window's thread: collects deliveries and runs them when the test says so."""

    def __init__(self) -> None:
        self.waiting: queue.Queue[Callable[[], None]] = queue.Queue()

    def __call__(self, action: Callable[[], None]) -> None:
        self.waiting.put(action)

    def until(self, done: Callable[[], bool], seconds: float = 10.0) -> None:
        end = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < end, "the engine's answer did not come"
            try:
                self.waiting.get(timeout=0.05)()
            except queue.Empty:
                continue


@pytest.fixture
def link() -> RegionLink:
    return RegionLink()


@pytest.fixture
def pump() -> Pump:
    return Pump()


@pytest.fixture
def worker(link: RegionLink, pump: Pump) -> Iterator[EngineWorker]:
    worker = EngineWorker(lambda: link, pump)
    yield worker
    worker.close()


@pytest.fixture
def scene() -> np.ndarray:
    """(120, 160, 3): a red square of 60 x 60 at rows 30-89, columns 40-99, with a darker part of 20 x 20 inside."""
    rgb = np.full((120, 160, 3), 230, np.uint8)
    rgb[30:90, 40:100] = (200, 60, 40)
    rgb[50:70, 60:80] = (150, 40, 30)
    return rgb


@pytest.fixture
def ledger(tmp_path):
    from semsam_annotate.napari.state.project_ledger import ProjectLedger

    ledger = ProjectLedger.open(tmp_path / "project")
    ledger.learn("car", "wheel")
    yield ledger
    ledger.close()


@pytest.fixture
def clock() -> Mock:
    return Mock(return_value=100.0)


@pytest.fixture
def picture(scene) -> Picture:
    return Picture(scene, scene, image_sha256(scene), image_sha256(scene), "scene")


@pytest.fixture
def session(ledger, link, picture, clock) -> AnnotationSession:
    engine, session = link.engine, AnnotationSession(ledger, clock)
    session.lines = []
    session.told.connect(session.lines.append)
    session.asked.connect(
        lambda ticket, prompt: session.answer(
            ticket, engine.propose(engine.encode(picture.rgb), prompt, ledger.vocabulary)
        )
    )
    session.open(picture)
    return session


@pytest.fixture
def editing(session) -> MaskEditing:
    return MaskEditing(session)

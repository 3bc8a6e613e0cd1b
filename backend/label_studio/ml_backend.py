"""A ``LabelStudioMLBase`` class for people who run label-studio-ml 2.x.

In the folder that ``label-studio-ml start`` serves, a ``model.py`` of two lines::

    from semsam_annotate.backend.label_studio.ml_backend import make_model
    SemsamModel = make_model("default")

``semsam serve`` speaks the same protocol by itself and does more: auth, webhooks, training.
"""

import asyncio
import os
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from semsam_annotate import load_engine
from semsam_annotate.api import BadInput, Engine, Vocabulary
from semsam_annotate.backend.label_studio.connections import Connections
from semsam_annotate.backend.label_studio.embeddings import TaskEmbeddings
from semsam_annotate.backend.label_studio.issued import Issued
from semsam_annotate.backend.label_studio.predict import Predictor
from semsam_annotate.backend.label_studio.prelabeller import Prelabeller
from semsam_annotate.backend.worker import EngineWorker

T = TypeVar("T")


def make_model(source: str = "default", device: str = "auto", engine: Engine | None = None) -> type[Any]:
    """The class to serve; its instances share one engine, loaded here. BadInput when label-studio-ml is missing.

    Images are fetched from ``LABEL_STUDIO_URL`` with ``LABEL_STUDIO_API_KEY``, as label-studio-ml itself does.
    """
    try:
        from label_studio_ml.model import LabelStudioMLBase
    except ImportError as error:
        raise BadInput(f"label-studio-ml 2.x is not installed ({error}); semsam serve works without it") from error
    worker = EngineWorker(engine if engine is not None else load_engine(source, device))
    connections = Connections(os.environ.get("LABEL_STUDIO_URL"), os.environ.get("LABEL_STUDIO_API_KEY"))
    embeddings = TaskEmbeddings(worker, 500_000_000)
    issued = Issued()
    predictor = Predictor(embeddings, connections, issued, Vocabulary(), Prelabeller(embeddings, issued))
    loop = _loop_of_its_own()

    class SemsamModel(LabelStudioMLBase):  # type: ignore[misc]
        """One click, a ladder of masks."""

        def setup(self) -> None:
            """Tell which model answers; label-studio-ml makes an instance per request."""
            self.set("model_version", _wait(worker.version(), loop))

        def predict(
            self, tasks: list[dict[str, Any]], context: dict[str, Any] | None = None, **_: Any
        ) -> list[dict[str, Any]]:
            """One prediction per task, or one for a click."""
            body = {"tasks": tasks, "label_config": self.label_config, "params": {"context": context or None}}
            results: list[dict[str, Any]] = _wait(predictor.answer(body), loop)["results"]
            return results

    return SemsamModel


def _loop_of_its_own() -> asyncio.AbstractEventLoop:
    """An event loop in a thread: Flask calls from many threads, and the cache of embeddings belongs to one loop."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="semsam", daemon=True).start()
    return loop


def _wait(work: Coroutine[Any, Any, T], loop: asyncio.AbstractEventLoop) -> T:
    return asyncio.run_coroutine_threadsafe(work, loop).result()

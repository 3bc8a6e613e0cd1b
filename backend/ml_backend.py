"""A ``LabelStudioMLBase`` class for people who run label-studio-ml 2.x.

``deploy/label-studio-ml`` is a folder that ``label-studio-ml start`` takes. Behind the class is the same server as
``semsam serve``, without its routes: auth, pages and metrics are those of label-studio-ml.
"""

import atexit
import json
import os
from pathlib import Path
from typing import Any

from semsam_annotate.annotations import Project
from semsam_annotate.api import BadInput, Engine
from semsam_annotate.backend.in_thread import InThread
from semsam_annotate.backend.label_studio.hooks import Hooks
from semsam_annotate.backend.settings import ServerSettings


def make_model(
    source: str | None = None,
    device: str = "auto",
    project: Path | str | None = None,
    engine: Engine | None = None,
) -> type[Any]:
    """The class to serve; its instances, of which label-studio-ml makes one a request, share one engine, loaded here.

    ``source``: as for ``load_engine``, by default the project's model or "default". ``project``: the folder where
    annotations land and from which it learns; made when it is not there. Images are fetched from
    ``LABEL_STUDIO_URL`` with ``LABEL_STUDIO_API_KEY``, as label-studio-ml itself does. BadInput when label-studio-ml
    is missing or anything of these cannot be used.
    """
    try:
        from label_studio_ml.model import LabelStudioMLBase
    except ImportError as error:
        raise BadInput(f"label-studio-ml 2.x is not installed ({error}); semsam serve works without it") from error
    server = InThread(_settings(source, device, project), engine)
    atexit.register(server.close)
    service, worker = server.label_studio, server.worker

    class SemsamModel(LabelStudioMLBase):  # type: ignore[misc]
        """One click, a ladder of masks."""

        def setup(self) -> None:
            """Tell which model answers."""
            self.set("model_version", server.wait(worker.version()))

        def predict(
            self, tasks: list[dict[str, Any]], context: dict[str, Any] | None = None, **_: Any
        ) -> list[dict[str, Any]]:
            """One prediction per task, or one for a click."""
            asked = {"tasks": tasks, "label_config": self.label_config, "project": self.project_id}
            answer = server.wait(service.predictor.answer({**asked, "params": {"context": context or None}}))
            results: list[dict[str, Any]] = answer["results"]
            return results

        def fit(self, event: str, data: dict[str, Any], **_: Any) -> dict[str, Any]:
            """Keep what a webhook says, on disk when this returns, or start a training."""
            if service.hooks is None or service.retraining is None:
                raise BadInput("this backend runs without a project: there is nowhere to keep annotations")
            if event == "START_TRAINING":
                return service.retraining.start()
            return _keep(service.hooks, server, {**data, "action": event})

    return SemsamModel


def _keep(hooks: Hooks, server: InThread, body: dict[str, Any]) -> dict[str, Any]:
    kept = hooks.keep(body, json.dumps(body).encode())
    if kept:
        server.soon(hooks.wake)
    return {"state": "kept" if kept else "nothing to keep"}


def _settings(source: str | None, device: str, project: Path | str | None) -> ServerSettings:
    folder = None if project is None else Path(project)
    if folder is not None and not (folder / "project.toml").exists():
        Project.create(folder).close()
    url, token = os.environ.get("LABEL_STUDIO_URL"), os.environ.get("LABEL_STUDIO_API_KEY")
    weights = source or ("default" if folder is None else f"project:{folder}")
    return ServerSettings(
        weights=weights, device=device, project=folder, label_studio_url=url, label_studio_token=token if url else None
    )

"""Stands where label-studio-ml 2.x is: its routes, as far as they call the class, over WSGI."""

import json
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.simple_server import make_server

from label_studio_ml.model import LabelStudioMLBase

TRAIN_EVENTS = ("ANNOTATION_CREATED", "ANNOTATION_UPDATED", "ANNOTATION_DELETED", "START_TRAINING")


class App:
    """What ``init_app`` gives: something to run, and for tests ``ask``."""

    def __init__(self, model_class: type[Any]) -> None:
        assert issubclass(model_class, LabelStudioMLBase)
        self.model_class = model_class

    def ask(self, route: str, data: dict[str, Any]) -> tuple[int, Any]:
        """(status, answer) of a POST."""
        if route == "/webhook":
            return self._webhook(data)
        project = str(data.get("project")).split(".", 1)[0]
        if route == "/setup":
            model = self.model_class(project_id=project, label_config=data.get("schema"))
            return 200, {"model_version": model.get("model_version")}
        parameters = dict(data.get("params") or {})
        context = parameters.pop("context", {})
        model = self.model_class(project_id=project, label_config=data.get("label_config"))
        return 200, {"results": model.predict(data["tasks"], context=context, **parameters)}

    def _webhook(self, data: dict[str, Any]) -> tuple[int, Any]:
        event = data.pop("action")
        if event not in TRAIN_EVENTS:
            return 200, {"status": "Unknown event"}
        model = self.model_class(str(data["project"]["id"]), label_config=data["project"]["label_config"])
        return 201, {"result": model.fit(event, data), "status": "ok"}

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "GET":
            status, answer = 200, {"status": "UP", "model_class": self.model_class.__name__}
        else:
            body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
            status, answer = self.ask(environ["PATH_INFO"], json.loads(body))
        start(f"{status} OK", [("Content-Type", "application/json")])
        return [json.dumps(answer).encode()]

    def run(self, host: str, port: int) -> None:
        with make_server(host, port, self) as server:
            print(server.server_port, flush=True)
            server.serve_forever()


def init_app(model_class: type[Any]) -> App:
    """The application for a class."""
    return App(model_class)

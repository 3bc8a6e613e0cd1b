"""A project, the spool and what applies it, for tests of what becomes of webhooks; images lie in the tasks."""

import asyncio
import base64
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from semsam_annotate.annotations import Project
from semsam_annotate.annotations.record import Annotation
from semsam_annotate.api import Vocabulary
from semsam_annotate.backend.label_studio.brush_rle import encode_brush
from semsam_annotate.backend.label_studio.connections import Connections
from semsam_annotate.backend.label_studio.hooks import Hooks
from semsam_annotate.backend.label_studio.intake import Intake
from semsam_annotate.backend.label_studio.issued import Issued
from semsam_annotate.backend.label_studio.spool import Spool

CONFIG = """<View><Image name="image" value="$image"/><BrushLabels name="brush" toName="image"><Label value="car"/>
<Label value="person"/><Label value="car:wheel"/><Label value="a:b:c"/></BrushLabels></View>"""
HEIGHT, WIDTH = 48, 64


def image(shade: int = 50) -> str:
    """An image as an address that holds it."""
    buffer = io.BytesIO()
    Image.fromarray(np.full((HEIGHT, WIDTH, 3), shade, np.uint8)).save(buffer, "PNG")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def region(id: str, top: int, label: str = "car", parent: str | None = None, size: int = 10) -> dict[str, Any]:
    """A brush mask of ``size`` rows and columns."""
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[top : top + size, :size] = True
    value = {"format": "rle", "rle": encode_brush(mask), "brushlabels": [label]}
    item = {"id": id, "from_name": "brush", "to_name": "image", "type": "brushlabels", "value": value}
    item |= {"original_width": WIDTH, "original_height": HEIGHT, "image_rotation": 0}
    return item if parent is None else {**item, "parentID": parent}


def time(second: int) -> str:
    """A moment of the tests."""
    return f"2026-01-01T00:{second // 60:02}:{second % 60:02}.000000Z"


class World:
    """``url``: of Label Studio. Webhooks come by ``tell`` and ``delete`` and are applied by ``apply``."""

    image, region = staticmethod(image), staticmethod(region)

    def __init__(self, folder: Path) -> None:
        self.project = Project.create(folder)
        self.store = self.project.store
        self.open("http://127.0.0.1:1")

    def open(self, url: str, token: str = "x" * 40) -> None:
        """Begin anew with what is on the disk."""
        spool = Spool(self.project.folder / "label-studio" / "webhooks.sqlite")
        connections, root = Connections(url, token), self.project.folder
        self.hooks = Hooks(spool, Intake(self.store, root, Vocabulary(), connections, Issued(), spool, 10**8))

    @property
    def spool(self) -> Spool:
        return self.hooks.spool

    def tell(self, id: int, second: int, *regions: dict[str, Any], address: str = "", project: int = 1, **said: Any):
        """Label Studio says what an annotation is since a second."""
        annotation = {"id": id, "updated_at": time(second), "created_at": time(0), "completed_by": 1, "task": 7}
        told = {"id": project, "label_config": CONFIG, "created_at": time(0)}
        task = {"id": 7, "data": {"image": address or image()}}
        body = {"action": "ANNOTATION_UPDATED", "project": told, "task": task}
        self._keep({**body, "annotation": {**annotation, "result": list(regions), **said}})

    def delete(self, id: int) -> None:
        """Label Studio says that an annotation is gone."""
        told = {"id": 1, "created_at": time(0)}
        self._keep({"action": "ANNOTATIONS_DELETED", "project": told, "annotations": [{"id": id}]})

    def apply(self, hurry: bool = False) -> None:
        """One pass over what is due; ``hurry``: over everything."""
        if hurry:
            self.spool.hurry(True)
        asyncio.run(self.hooks._apply_all())

    def records(self, status: str | None = "accepted") -> list[Annotation]:
        return self.store.annotations(status)

    def close(self) -> None:
        self.spool.close()
        self.project.close()

    def _keep(self, body: dict[str, Any]) -> None:
        self.hooks.keep(body, json.dumps(body).encode())

"""Our engine as a predictor with detectron2's output dicts."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, overload

import numpy as np
import torch
from numpy.typing import NDArray

from semsam_annotate.annotations import read_image
from semsam_annotate.annotations.categories import UNLABELLED
from semsam_annotate.api import BadInput, Engine, Proposal, RgbImage, Segmentation, Task, Vocabulary, checked_task
from semsam_annotate.detectron2.classes import is_part_name
from semsam_annotate.detectron2.installed import of_detectron2
from semsam_annotate.detectron2.instances import to_instances

TASKS: tuple[Task, ...] = ("instance", "parts")


class SemsamPredictor:
    """Called with an image as ``DefaultPredictor`` is, or with dicts of a data set as a model is.

    ``classes``: names as ``object`` or ``object:part``; ``data_set``: registered with ``register_project``, whose
    classes are taken. ``tasks``: "instance" and "parts" fill ``instances``, "panoptic" ``panoptic_seg``, "semantic"
    ``sem_seg``. ``engine``: as ``load_engine`` takes it, or an engine. Instances of a lower chance than ``least`` are
    left out. BadInput without detectron2, without classes or for an unknown task.
    """

    input_format = "BGR"

    def __init__(
        self,
        engine: str | Engine = "default",
        classes: Sequence[str] = (),
        data_set: str | None = None,
        tasks: Sequence[str] = TASKS,
        device: str = "auto",
        least: float = 0.0,
    ) -> None:
        data = of_detectron2("data")
        self.metadata = data.MetadataCatalog.get("__unused" if data_set is None else data_set)
        self.classes = tuple(classes or self.metadata.get("thing_classes") or ())
        if not self.classes:
            raise BadInput("a predictor needs classes, or a data set that was registered with register_project")
        self.tasks, self.least = tuple(checked_task(task) for task in tasks), least
        self.vocabulary = vocabulary_of(self.classes)
        self.objects = tuple(name for name in self.classes if not is_part_name(name))
        self._own = isinstance(engine, str)
        self.engine = _loaded(engine, device)

    @overload
    def __call__(self, image: NDArray[np.uint8]) -> dict[str, Any]: ...
    @overload
    def __call__(self, image: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]: ...
    def __call__(self, image: NDArray[np.uint8] | Sequence[Mapping[str, Any]]) -> dict[str, Any] | list[dict[str, Any]]:
        """The output dict of a (H, W, 3) uint8 BGR image; of dicts with ``file_name`` one each, from the files."""
        if isinstance(image, np.ndarray):
            return self._outputs(np.ascontiguousarray(image[:, :, ::-1]))
        return [self._outputs(read_image(Path(row["file_name"]))) for row in image]

    def close(self) -> None:
        """Close the engine if it was opened here."""
        if self._own:
            self.engine.close()

    def _outputs(self, rgb: RgbImage) -> dict[str, Any]:
        embedding, found = self.engine.encode(rgb), dict[str, Any]()
        pieces = []
        for task in self.tasks:
            names = self.vocabulary.parts if task == "parts" else self.vocabulary.objects
            answer = self.engine.segment(embedding, self.vocabulary, task) if names else []
            if isinstance(answer, Segmentation):
                found |= self._map(answer, task)
            elif task in TASKS:
                pieces.append(self._instances(answer, (rgb.shape[0], rgb.shape[1]), task == "parts"))
        return found | ({"instances": of_detectron2("structures").Instances.cat(pieces)} if pieces else {})

    def _instances(self, proposals: Sequence[Proposal], size: tuple[int, int], part: bool) -> Any:
        found = to_instances(proposals, size, self.classes, by_name=True, part=part)
        return found[(found.pred_classes < len(self.classes)) & (found.scores >= self.least)]

    def _map(self, answer: Segmentation, task: Task) -> dict[str, Any]:
        """``panoptic_seg``: ids (H, W) int32 and what they are; ``sem_seg``: (objects, H, W) float32.

        Owners of parts that are no classes are left out.
        """
        numbers = {name: number for number, name in enumerate(self.objects)}
        segments = [one for one in answer.segments if one.name in numbers]
        if task == "panoptic":
            places = {name: number for number, name in enumerate(self.classes)}
            rows = [
                {"id": one.id, "isthing": True, "category_id": places[one.name], "score": one.score, "area": one.area}
                for one in segments
            ]
            ids = np.where(np.isin(answer.labels, [one.id for one in segments]), answer.labels, 0)
            return {"panoptic_seg": (torch.from_numpy(ids.astype(np.int32)), rows)}
        scores = torch.zeros((len(numbers), *answer.labels.shape), dtype=torch.float32)
        for one in segments:
            scores[numbers[one.name]][torch.from_numpy(answer.mask(one))] = one.score
        return {"sem_seg": scores}


def vocabulary_of(classes: Sequence[str]) -> Vocabulary:
    """The names in a list of classes; parts know their owners, one without fits any object, unnamed are no names."""
    pairs = [name.partition(":")[::2] for name in classes]
    owners: dict[str, list[str]] = {}
    for owner, part in pairs:
        if part and part != UNLABELLED:
            owners.setdefault(part, []).extend([] if owner == UNLABELLED else [owner])
    objects = dict.fromkeys(owner for owner, part in pairs if owner != UNLABELLED)
    return Vocabulary(objects, owners, owners={part: named for part, named in owners.items() if named})


def _loaded(engine: str | Engine, device: str) -> Engine:
    if not isinstance(engine, str):
        return engine
    from semsam_annotate.loading import load_engine

    return load_engine(engine, device)

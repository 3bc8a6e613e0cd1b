"""Our measures as an evaluator of detectron2: AP of objects and of parts, panoptic quality, mean IoU."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from semsam_annotate.annotations.categories import UNLABELLED
from semsam_annotate.api import BadInput, Proposal, Segmentation, segments_of
from semsam_annotate.detectron2.classes import is_part_name
from semsam_annotate.detectron2.installed import of_detectron2
from semsam_annotate.detectron2.instances import from_instances
from semsam_annotate.detectron2.predictor import vocabulary_of
from semsam_annotate.training.data.record import OBJECT, PART
from semsam_annotate.training.evaluation.segmentation import Answers, SegmentMeter, TruthImage, TruthInstance

TASKS = ("instance", "part", "part_name", "panoptic", "semantic")
"""What can be measured."""
Row = Mapping[str, Any]
_Told = dict[str, Any]
"""What was found in one image, small enough to travel between processes: lists of proposals, label maps as runs."""


def _base() -> Any:
    """detectron2's class of evaluators; without it the module can be looked at, and its class says what is missing."""
    try:
        return of_detectron2("evaluation").DatasetEvaluator
    except BadInput:
        return object


class SemsamEvaluator(_base()):  # type: ignore[misc]
    """Measures outputs against a data set of ``register_project``: any model's that has its classes.

    ``distributed``: gather what all processes found before measuring. ``tasks``: what to measure, of ``TASKS``; what a
    model was not asked for counts as not found. Numbers in ``sem_seg`` are places among those
    classes that are objects. BadInput when the data set has no ``thing_classes``, or for an unknown task.
    """

    def __init__(self, data_set: str, distributed: bool = True, tasks: Sequence[str] = TASKS) -> None:
        data = of_detectron2("data")
        self._classes: Sequence[str] = data.MetadataCatalog.get(data_set).get("thing_classes") or ()
        if not self._classes:
            raise BadInput(f"the data set {data_set!r} has no thing_classes: register it with register_project")
        self._objects = [name for name in self._classes if not is_part_name(name)]
        self._truth = {row["image_id"]: row for row in data.DatasetCatalog.get(data_set)}
        if unknown := [task for task in tasks if task not in TASKS]:
            raise BadInput(f"a measure is one of {', '.join(TASKS)}, not {unknown[0]!r}")
        self._distributed, self._tasks = distributed, frozenset(tasks)
        self._found: dict[Any, _Told] = {}

    def reset(self) -> None:
        """Forget what was found."""
        self._found = {}

    def process(self, inputs: Sequence[Row], outputs: Sequence[Row]) -> None:
        """Keep what was found in some images; BadInput for one that the data set does not have."""
        for given, output in zip(inputs, outputs, strict=True):
            id = given["image_id"]
            if id not in self._truth:
                raise BadInput(f"the data set has no image {id!r}")
            self._check(output, self._truth[id])
            self._found[id] = self._told(output)

    def evaluate(self) -> OrderedDict[str, dict[str, float]] | None:
        """By task (``instance``, ``part``, ``part_name``, ``panoptic``, ``semantic``) the figures, 0..100.

        Only tasks that were answered; NaN where nothing counts. None in all but the main process.
        """
        found = self._gathered()
        if found is None:
            return None
        meter = SegmentMeter(vocabulary_of(self._classes))
        for id in sorted(found):
            meter.count(_answers(found[id]), self._truth_of(self._truth[id]))
        answered = {task for told in found.values() for task in told}
        tasks = {
            "instance": ("instances", meter.instance),
            "part": ("instances", meter.part),
            "part_name": ("instances", meter.part_name),
            "panoptic": ("panoptic", meter.panoptic),
            "semantic": ("semantic", meter.semantic),
        }
        return OrderedDict(
            (task, measure.figures())
            for task, (needs, measure) in tasks.items()
            if task in self._tasks and needs in answered and measure is not None
        )

    def _gathered(self) -> dict[Any, _Told] | None:
        """What all processes found, an image once; None where it was sent away."""
        comm = of_detectron2("utils.comm")
        if not self._distributed:
            return self._found
        comm.synchronize()
        gathered = comm.gather(self._found, dst=0)
        return {id: told for of in gathered for id, told in of.items()} if comm.is_main_process() else None

    def _check(self, output: Row, row: Row) -> None:
        """BadInput for maps and masks that are not of the image, or semantic ones of other classes."""
        size, sizes = (row["height"], row["width"]), dict[str, tuple[int, ...]]()
        if "instances" in output:
            sizes["instances"] = tuple(output["instances"].image_size)
        if "panoptic_seg" in output:
            sizes["panoptic_seg"] = tuple(output["panoptic_seg"][0].shape)
        if "sem_seg" in output:
            channels, *rest = output["sem_seg"].shape
            sizes["sem_seg"] = tuple(rest)
            if channels != len(self._objects):
                raise BadInput(f"sem_seg has {channels} channels, the data set {len(self._objects)} classes of objects")
        for name, found in sizes.items():
            if found != size:
                raise BadInput(f"{name} of {row['file_name']} are {found}, the image is {size} (height, width)")

    def _told(self, output: Row) -> _Told:
        told: _Told = {}
        if "instances" in output:
            told["instances"] = from_instances(output["instances"], self._classes)
        if "panoptic_seg" in output:
            labels, rows = output["panoptic_seg"]
            told["panoptic"] = _panoptic(labels, rows, self._classes).to_json()
        if "sem_seg" in output:
            told["semantic"] = _semantic(output["sem_seg"], self._objects).to_json()
        return told

    def _truth_of(self, row: Row) -> TruthImage:
        instances = tuple(self._instance(one) for one in row["annotations"])
        return TruthImage(Path(row["file_name"]), row["height"], row["width"], instances)

    def _instance(self, row: Row) -> TruthInstance:
        owner, colon, part = self._classes[row["category_id"]].partition(":")
        return TruthInstance(
            segment=row["segmentation"],
            kind=PART if colon else OBJECT,
            object=None if owner == UNLABELLED else owner,
            part=None if part in ("", UNLABELLED) else part,
            crowd=bool(row.get("iscrowd")),
        )


def _answers(told: _Told) -> Answers:
    proposals: Sequence[Proposal] | None = told.get("instances")
    return Answers(
        instances=None
        if proposals is None
        else [one for one in proposals if one.object_labels and not one.part_labels],
        parts=None if proposals is None else [one for one in proposals if one.part_labels],
        panoptic=Segmentation.from_json(told["panoptic"]) if "panoptic" in told else None,
        semantic=Segmentation.from_json(told["semantic"]) if "semantic" in told else None,
    )


def _panoptic(labels: torch.Tensor, rows: Sequence[Row] | None, classes: Sequence[str]) -> Segmentation:
    """A panoptic answer, stuff left out; BadInput for one whose segments are coded in the pixels alone."""
    if rows is None:
        raise BadInput("a panoptic answer without segments_info cannot be measured: set it in the model")
    ids = labels.to("cpu").numpy().astype(np.int32)
    things = [row for row in rows if row.get("isthing", True) and 0 <= row["category_id"] < len(classes)]
    named = [(int(row["id"]), classes[row["category_id"]], float(row.get("score", 1.0))) for row in things]
    kept = [one for one in named if not is_part_name(one[1]) and one[1] != UNLABELLED]
    ids[~np.isin(ids, [number for number, _, _ in kept])] = 0
    return Segmentation(ids, segments_of(ids, kept))


def _semantic(scores: torch.Tensor, objects: Sequence[str]) -> Segmentation:
    """The likeliest object of every pixel by scores or logits, none where all of them are exactly 0."""
    given = scores.to("cpu", torch.float32)
    best = given.argmax(dim=0) + 1 if len(given) else 0  # a data set of parts alone has no object
    labels = torch.where((given != 0).any(dim=0), best, 0).numpy().astype(np.int32)
    if UNLABELLED in objects:
        labels[labels == objects.index(UNLABELLED) + 1] = 0
    present = [(int(id), objects[id - 1], 1.0) for id in np.unique(labels) if id]
    return Segmentation(labels, segments_of(labels, present))

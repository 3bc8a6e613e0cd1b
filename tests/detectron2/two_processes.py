"""The truth of a data set as answers, measured; as a program (DETECTRON2 PROJECT MEETING RANK) one of two doing so."""

import json
import sys

import numpy as np
import torch
from pycocotools import mask as coco_mask


def answers_of(d2, row, classes, shift=0, keep=lambda name: True):
    """The truth of a dict as an answer, moved to the right; only classes to ``keep``."""
    size = row["height"], row["width"]
    kept = [one for one in row["annotations"] if keep(classes[one["category_id"]])]
    masks = [np.roll(coco_mask.decode(one["segmentation"]).astype(bool), shift, 1) for one in kept]
    instances = d2.structures.Instances(
        size,
        pred_boxes=d2.structures.Boxes(torch.tensor([one["bbox"] for one in kept]).reshape(-1, 4)),
        scores=torch.ones(len(kept)),
        pred_classes=torch.tensor([one["category_id"] for one in kept], dtype=torch.int64),
        pred_masks=torch.from_numpy(np.stack(masks) if masks else np.zeros((0, *size), bool)),
    )
    return {"instances": instances, **maps_of(row, classes, kept, masks)}


def maps_of(row, classes, kept, masks):
    objects = [name for name in classes if ":" not in name]
    labels, rows = torch.zeros((row["height"], row["width"]), dtype=torch.int32), []
    semantic = torch.zeros((len(objects), row["height"], row["width"]))
    for number in sorted(range(len(masks)), key=lambda place: -masks[place].sum()):
        name = classes[kept[number]["category_id"]]
        if ":" not in name and name != "unlabelled":
            where = torch.from_numpy(masks[number].copy())
            labels[where] = number + 1
            semantic[:, where] = 0
            semantic[objects.index(name), where] = 0.9
            rows.append({"id": number + 1, "isthing": True, "category_id": kept[number]["category_id"]})
    return {"panoptic_seg": (labels, rows), "sem_seg": semantic}


def measured(d2, name, share=slice(None), **change):
    classes, rows = d2.data.MetadataCatalog.get(name).get("thing_classes"), d2.data.DatasetCatalog.get(name)
    by_file = {row["file_name"]: row for row in rows}

    def model(inputs):
        return [answers_of(d2, by_file[one["file_name"]], classes, **change) for one in inputs]

    from semsam_annotate.detectron2 import SemsamEvaluator

    return d2.evaluation.inference_on_dataset(model, [[row] for row in rows[share]], SemsamEvaluator(name))


def main(place, project, meeting, rank):
    sys.path.insert(0, place)
    import detectron2.data
    import detectron2.evaluation
    import detectron2.structures

    from semsam_annotate.detectron2 import register_project

    torch.distributed.init_process_group("gloo", init_method=meeting, rank=rank, world_size=2)
    (name, _) = register_project(project).names
    print(json.dumps(measured(detectron2, name, slice(rank, None, 2), shift=3)))
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main(*sys.argv[1:4], int(sys.argv[4]))

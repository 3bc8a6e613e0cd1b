"""The formats there are beside COCO and part JSON."""

from semsam_annotate.annotations.formats.format import Format
from semsam_annotate.annotations.formats.image_folder import write_image_folder
from semsam_annotate.annotations.formats.label_maps import write_label_maps
from semsam_annotate.annotations.formats.lvis import write_lvis
from semsam_annotate.annotations.formats.panoptic import write_panoptic
from semsam_annotate.annotations.formats.pascal_part import write_pascal_part
from semsam_annotate.annotations.formats.written import PARENTS, SPLITS, UNNAMED
from semsam_annotate.annotations.formats.yolo import write_yolo

_FACTS = (PARENTS, "levels", "scores", "tracks", "authors", SPLITS, UNNAMED)
LISTED = (
    Format("labels", "PNG label maps of 16 bits with a legend", write_label_maps, True, _FACTS, planes=True),
    Format("panoptic", "COCO panoptic, objects and parts apart", write_panoptic, True, passes=2),
    Format("lvis", "LVIS, objects only", write_lvis, False),
    Format("pascal-part", "Pascal-Part in VLPart's form, parts only", write_pascal_part, False),
    Format("yolo", "YOLO segmentation with copies of the images", write_yolo, True, (SPLITS,)),
    Format(
        "datasets", "a folder for Hugging Face datasets with copies of the images", write_image_folder, True, _FACTS
    ),
)
FURTHER: dict[str, Format] = {format.name: format for format in LISTED}

"""Images, the annotation record, its store, the project folder, import and export."""

from semsam_annotate.annotations.classes import ObjectClass, PartClass
from semsam_annotate.annotations.connection import StoreUnavailable, StoreWarning
from semsam_annotate.annotations.exports import ExportReport
from semsam_annotate.annotations.images import MAX_PIXELS, image_sha256, pixels_as_read, read_image
from semsam_annotate.annotations.importing import ImportReport, read_import, store_import
from semsam_annotate.annotations.named_masks import named_masks
from semsam_annotate.annotations.project import Project
from semsam_annotate.annotations.project_config import ProjectConfig
from semsam_annotate.annotations.record import Annotation, ImageRef, Source
from semsam_annotate.annotations.splits import Split, Splits
from semsam_annotate.annotations.store import AnnotationStore

__all__ = [
    "MAX_PIXELS",
    "Annotation",
    "AnnotationStore",
    "ExportReport",
    "ImageRef",
    "ImportReport",
    "ObjectClass",
    "PartClass",
    "Project",
    "ProjectConfig",
    "Source",
    "Split",
    "Splits",
    "StoreUnavailable",
    "StoreWarning",
    "image_sha256",
    "named_masks",
    "pixels_as_read",
    "read_image",
    "read_import",
    "store_import",
]

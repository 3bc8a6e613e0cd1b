"""Images, the annotation record, its store, the project folder, import and export."""

from semsam_annotate.annotations.images import MAX_PIXELS, image_sha256, read_image

__all__ = ["MAX_PIXELS", "image_sha256", "read_image"]

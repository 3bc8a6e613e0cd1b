"""A region is taken for the image that it was drawn on, not for one that was turned or replaced since."""

import numpy as np
import pytest

from semsam_annotate.api import BadInput
from semsam_annotate.backend.label_studio.brush_rle import encode_brush
from semsam_annotate.backend.label_studio.shapes import mask_of

HEIGHT, WIDTH = 48, 64
CORNER = np.zeros((HEIGHT, WIDTH), bool)
CORNER[5:20, 5:20] = True
VALUES = {
    "brushlabels": {"format": "rle", "rle": encode_brush(CORNER)},
    "polygonlabels": {"points": [[10, 10], [40, 10], [40, 40]]},
    "ellipselabels": {"x": 50, "y": 50, "radiusX": 30, "radiusY": 20},
}


def region(kind, **told):
    return {"id": "r", "type": kind, "value": VALUES[kind], **told}


@pytest.mark.parametrize("kind", VALUES)
def test_a_turned_image_is_another(kind):
    told = {"original_height": HEIGHT, "original_width": WIDTH}
    mask = mask_of(region(kind, **told), HEIGHT, WIDTH)
    assert (mask == mask_of(region(kind), HEIGHT, WIDTH)).all(), "where no size is told there is nothing to compare"
    with pytest.raises(BadInput, match="drawn on an image of 64x48, this one is 48x64"):
        mask_of(region(kind, **told), WIDTH, HEIGHT)
    with pytest.raises(BadInput, match="drawn on"):
        mask_of(region(kind, **told), 2 * HEIGHT, 2 * WIDTH)

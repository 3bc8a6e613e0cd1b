"""A stand-in for detectron2, which is not on PyPI: written from its documentation, as far as our room touches it."""

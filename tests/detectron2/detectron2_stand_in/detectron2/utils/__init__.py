"""Parts of detectron2 that others build on."""

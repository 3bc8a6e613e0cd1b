"""napari's layers, mouse and keys as views and hands of the state; runs on a ``ViewerModel`` without Qt."""

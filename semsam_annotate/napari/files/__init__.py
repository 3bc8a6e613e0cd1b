"""napari's files: what opens as layers, what layers are saved as, samples, settings; no Qt."""

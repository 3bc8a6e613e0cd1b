"""The napari plugin: a session without Qt, layers that show it, widgets that only show and forward; never torch."""

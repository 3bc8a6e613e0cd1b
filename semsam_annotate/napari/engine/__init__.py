"""The way to an engine that answers beside the window."""

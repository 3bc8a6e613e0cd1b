"""The packaged weights."""

"""The command line ``semsam``: one file per command, heavy imports inside the commands."""

from semsam_annotate.cli.app import main

__all__ = ["main"]

"""Which published checkpoints there are, and where they are kept on this machine."""

from pathlib import Path

import platformdirs

FILES = {"swin-t": "swint_only_sam_many2many.pth", "swin-l": "swinl_only_sam_many2many.pth"}


def checkpoints_folder() -> Path:
    """Where downloaded and converted checkpoints are kept."""
    return Path(platformdirs.user_cache_dir("semsam-annotate")) / "checkpoints"

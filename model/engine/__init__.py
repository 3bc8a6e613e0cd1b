"""The local engine: images in, ladders out, on this machine's processor or GPU."""

from semsam_annotate.model.engine.encoding import Encodings
from semsam_annotate.model.engine.local import LocalEngine
from semsam_annotate.model.engine.opening import open_engine

__all__ = ["Encodings", "LocalEngine", "open_engine"]

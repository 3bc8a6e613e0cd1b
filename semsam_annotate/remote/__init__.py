"""The engine of another process, on this machine or another: no torch here."""

from semsam_annotate.remote.engine import RemoteEngine
from semsam_annotate.remote.process import EngineProcess

__all__ = ["EngineProcess", "RemoteEngine"]

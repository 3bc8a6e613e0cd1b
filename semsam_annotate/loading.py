"""One door to every engine: packaged weights, a checkpoint file, a project's promoted model, a server."""

from dataclasses import replace
from pathlib import Path

from semsam_annotate.api import BadInput, Engine


def load_engine(
    source: str | Path = "default",
    device: str = "auto",
    token: str | None = None,
    cleaning: bool = True,
    precision: str = "fp32",
) -> Engine:
    """Load an engine.

    ``source``: "default" (the packaged weights, always), a checkpoint file (``.safetensors``), "project:DIR" (follows
    that project's promotions) or "http://host:port" (``token`` opens it). ``device``: "auto", "cpu", "cuda", "cuda:1",
    "mps". ``cleaning``: fill holes and drop islands of fewer than 100 pixels (a server decides that for itself, and
    the next as well). ``precision``: "bf16" encodes images faster on processors with AMX or AVX512-BF16 and on GPUs.
    Raises BadInput when the source does not exist or is damaged, EngineUnavailable when it cannot be reached.
    """
    source = str(source)
    if source.startswith(("http://", "https://")):
        from semsam_annotate.remote import RemoteEngine

        return RemoteEngine(source, token=token)
    try:
        from semsam_annotate.model.engine import open_engine
    except ImportError as error:
        raise BadInput(
            f"a local engine needs the extra 'local' ({error}): pip install 'semsam-annotate[local]'"
        ) from error
    engine = open_engine(source, device, precision=precision)
    return engine if cleaning else engine.under(replace(engine.settings, cleaning=False))

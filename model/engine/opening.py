"""Which weights an engine uses."""

import threading
from importlib.resources import as_file, files
from pathlib import Path

import platformdirs

from semsam_annotate.api import BadInput
from semsam_annotate.model.checkpoints.published_files import FILES, checkpoints_folder
from semsam_annotate.model.engine.loaded import LoadedModel
from semsam_annotate.model.engine.local import LocalEngine
from semsam_annotate.model.engine.settings import EngineSettings
from semsam_annotate.model.registry import ModelRegistry

PACKAGED = "semsam-tiny.safetensors"


def packaged_weights() -> Path:
    """The weights that come with the package."""
    with as_file(files("semsam_annotate.model.weights") / PACKAGED) as path:
        return path


def published_weights(source: str) -> Path | None:
    """The converted checkpoint of "swin-t" or "swin-l", None for other names; BadInput when it was not pulled yet."""
    if source not in FILES:
        return None
    path = checkpoints_folder() / f"{source}.safetensors"
    if not path.is_file():
        raise BadInput(f"the published {source} weights are not here yet: semsam models pull {source}")
    return path


def open_engine(
    source: str = "default", device: str = "auto", settings: EngineSettings | None = None, precision: str = "fp32"
) -> LocalEngine:
    """A local engine; ``source``, ``device`` and ``precision`` as in ``load_engine``."""
    if source.startswith("project:"):
        return _follow(Path(source.removeprefix("project:")), device, settings, precision)
    path = packaged_weights() if source == "default" else published_weights(source) or Path(source)
    model = LoadedModel.read(path, device, precision)
    return LocalEngine(lambda: model, settings or EngineSettings(cache_folder=_cache_folder()))


def _follow(project: Path, device: str, settings: EngineSettings | None, precision: str) -> LocalEngine:
    """An engine that loads a project's model anew whenever another one is promoted."""
    if not (project / "project.toml").is_file():
        raise BadInput(f"there is no project in {project}: project.toml is missing")
    follower = _Follower(ModelRegistry(project / "models", packaged_weights()), device, precision)
    follower()
    return LocalEngine(
        follower,
        settings
        or EngineSettings(cache_folder=project / "embeddings", prototypes_folder=project / "models" / "prototypes"),
    )


class _Follower:
    """The active model of a registry, loaded once a promotion; safe to call from several threads."""

    def __init__(self, registry: ModelRegistry, device: str, precision: str) -> None:
        self.registry, self.device, self.precision = registry, device, precision
        self._loaded: tuple[str, LoadedModel] | None = None
        self._lock = threading.Lock()

    def __call__(self) -> LoadedModel:
        with self._lock:
            active = self.registry.active()
            if self._loaded is None or self._loaded[0] != active.version:
                self._loaded = active.version, LoadedModel.read(active.weights, self.device, self.precision)
            return self._loaded[1]


def _cache_folder() -> Path:
    return Path(platformdirs.user_cache_dir("semsam-annotate")) / "embeddings"

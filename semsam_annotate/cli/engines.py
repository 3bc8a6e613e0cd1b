"""What the commands that ask an engine share: which engine, and which words."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from semsam_annotate.api import BadInput, Engine, Vocabulary

if TYPE_CHECKING:
    from semsam_annotate.model.registry import ModelRegistry


def choose_engine(weights: str | None, project: Path | None, device: str = "auto") -> Engine:
    """The engine of ``weights`` (as in ``load_engine``), or a project's active model; else the packaged one."""
    from semsam_annotate import load_engine

    check_source(weights, project)
    return load_engine(f"project:{project}" if project is not None else weights or "default", device)


def without_memory(engine: Engine) -> Engine:
    """An engine on this machine as the network alone: what it remembers of a mask would confirm that mask's name."""
    try:
        from semsam_annotate.model.engine import LocalEngine
    except ImportError:  # without torch it is a server's
        return engine
    if not isinstance(engine, LocalEngine):
        return engine
    return engine.under(replace(engine.settings, prototypes_folder=None))


def check_source(weights: str | None, project: Path | None) -> None:
    """Raise BadInput when both are given."""
    if weights is not None and project is not None:
        raise BadInput("give --weights or --project, not both: a project has its own model")


def choose_words(objects: str | None, parts: str | None, project: Path | None) -> Vocabulary:
    """The names given as "car,person", or a project's classes when none are given."""
    if objects is None and parts is None and project is not None:
        from semsam_annotate.annotations import Project

        with Project.open(project) as opened:
            return opened.vocabulary()
    return Vocabulary(split_names(objects), split_names(parts))


def split_names(text: str | None) -> list[str]:
    """Names between commas; none for nothing."""
    return [] if text is None else text.split(",")


def registry_of(project: Path) -> "ModelRegistry":
    """The models of a project; BadInput when there is no project, or torch is not installed."""
    try:
        from semsam_annotate.model.engine.opening import packaged_weights
        from semsam_annotate.model.registry import ModelRegistry
    except ImportError as error:
        raise BadInput(f"models need the extra 'local' ({error}): pip install 'semsam-annotate[local]'") from error
    if not (project / "project.toml").is_file():
        raise BadInput(
            f"there is no project in {project}: project.toml is missing (--project DIR names another folder)"
        )
    return ModelRegistry(project / "models", packaged_weights())

"""Configurations from TOML and JSON."""

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from semsam_annotate.api import BadInput
from semsam_annotate.training.config.data import DataConfig
from semsam_annotate.training.config.whole import TrainConfig

RECIPES = Path(__file__).parents[1] / "recipes"


def read_config(path: Path, packs: list[str] | None = None) -> TrainConfig:
    """Read a TOML file, or a packaged recipe by its name; BadInput names what is missing, misspelt or not TOML.

    ``packs`` replaces the pack files that it names.
    """
    recipe = RECIPES / f"{path.name}.toml"
    try:
        content = tomllib.loads((path if path.exists() or not recipe.is_file() else recipe).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        known = ", ".join(sorted(found.stem for found in RECIPES.glob("*.toml")))
        raise BadInput(f"there is no configuration {path}; the packaged recipes are {known}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{path} is not valid TOML: {error}") from error
    if packs is not None:
        content.setdefault("data", {})["packs"] = packs
    return config_from_json(content)


def config_from_json(value: dict[str, Any]) -> TrainConfig:
    """A configuration from plain values, defaults for what is left out."""
    built: TrainConfig = _build(TrainConfig(data=DataConfig(scenes=1.0)), value, "")
    return built


def _build(default: Any, value: dict[str, Any], prefix: str) -> Any:
    """``default`` with the values given, tables nested like the dataclasses."""
    if not isinstance(value, dict):
        raise BadInput(f"{prefix.rstrip('.')} is a table of settings")
    known = [item.name for item in fields(default)]
    hints = get_type_hints(type(default))
    chosen = {name: getattr(default, name) for name in known}
    if isinstance(default, TrainConfig):
        chosen["data"] = DataConfig()
    for name, item in value.items():
        if name not in known:
            nearest = difflib.get_close_matches(name, known, 1, 0.0)[0]
            raise BadInput(f"unknown setting {prefix}{name}, did you mean {prefix}{nearest}?")
        chosen[name] = _value(hints[name], chosen[name], item, prefix + name)
    return type(default)(**chosen)


def _value(hint: Any, default: Any, value: Any, name: str) -> Any:
    """A value of a setting: a table of settings, a table of such tables by name, or a plain one."""
    if is_dataclass(default):
        return _build(default, value, f"{name}.")
    if get_origin(hint) is dict:
        kind = get_args(hint)[1]
        if not isinstance(value, Mapping):
            raise BadInput(f"{name} is a table of tables, such as [{name}.NAME]")
        return {key: _build(kind(), item, f"{name}.{key}.") for key, item in value.items()}
    return _checked(hint, value, name)


def _checked(kind: Any, value: Any, name: str) -> Any:
    if get_origin(kind) is Literal:
        if value not in get_args(kind):
            raise BadInput(f"{name} is {' or '.join(map(repr, get_args(kind)))}, not {value!r}")
        return value
    if isinstance(value, list):
        value = tuple(value)
    expected = getattr(kind, "__origin__", kind)
    if expected is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if not isinstance(value, expected) or (expected is not bool and isinstance(value, bool)):
        raise BadInput(f"{name} is a {expected.__name__}, not {value!r}")
    return value

"""``project.toml``: read with clear errors, written atomically."""

import difflib
import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from semsam_annotate.annotations.classes import ObjectClass, PartClass, check_hotkeys, check_names
from semsam_annotate.annotations.files import write_atomically
from semsam_annotate.annotations.retrain_config import RetrainConfig
from semsam_annotate.api import BadInput, Vocabulary

VERSION = 1
MIN_CERTAINTY = 0.4
_HEAD = "# A semsam-annotate project. The program rewrites this file when images or classes are added.\n"


@dataclass(frozen=True)
class ProjectConfig:
    """What ``project.toml`` says.

    ``store``: file inside the project, or a database URL. ``images``: image files and folders of images, relative to
    the project or absolute. ``validation``: share of images kept for validation, 0..1. ``retrain_after``: so many newly
    accepted masks let a server train by itself, 0 never. ``min_score``, ``min_certainty``: of masks that pre-label a
    task in Label Studio and of their names, 0..1, where the labelling config says none. ``retrain``: what a training
    may cost.
    """

    version: int = VERSION
    name: str = ""
    store: str = "annotations.sqlite"
    validation: float = 0.2
    retrain_after: int = 0
    min_score: float = 0.0
    min_certainty: float = MIN_CERTAINTY
    retrain: RetrainConfig = field(default_factory=RetrainConfig)
    images: tuple[str, ...] = ()
    objects: tuple[ObjectClass, ...] = ()
    parts: tuple[PartClass, ...] = ()

    def __post_init__(self) -> None:
        check_names(self.objects, "object")
        check_names(self.parts, "part")
        check_hotkeys([*self.objects, *self.parts])
        if not 0 <= self.validation < 1:
            raise BadInput(f"validation is a share from 0 to below 1, not {self.validation}")
        if not 0 <= self.min_score <= 1:
            raise BadInput(f"min_score is a score from 0 to 1, not {self.min_score}")
        if not 0 <= self.min_certainty <= 1:
            raise BadInput(f"min_certainty is a probability from 0 to 1, not {self.min_certainty}")
        if self.retrain_after < 0:
            raise BadInput(f"retrain_after is a number of masks, or 0 for never, not {self.retrain_after}")

    def store_in(self, folder: Path) -> Path | str:
        """Where the store of the project in ``folder`` is: a file, or a database URL."""
        return self.store if "://" in self.store else folder / self.store

    def freed(self, names: Sequence[str]) -> "ProjectConfig":
        """With parts of these names belonging to any object."""
        parts = (replace(item, objects=()) if item.name in names else item for item in self.parts)
        return replace(self, parts=tuple(parts))

    def vocabulary(self) -> Vocabulary:
        """Names of objects and bare names of parts in their order, with the owners of parts."""
        owners = {item.name: item.objects for item in self.parts}
        return Vocabulary([item.name for item in self.objects], [item.name for item in self.parts], owners=owners)


_TYPES: dict[str, type | tuple[type, ...]] = {
    "version": int,
    "name": str,
    "store": str,
    "validation": (int, float),
    "retrain_after": int,
    "min_score": (int, float),
    "min_certainty": (int, float),
    "retrain": dict,
    "images": list,
    "objects": list,
    "parts": list,
}


def read_config(path: Path) -> ProjectConfig:
    """Read ``project.toml``; BadInput, one line that names the file, when it is damaged or has an unknown key."""
    try:
        plain = tomllib.loads(path.read_bytes().decode("utf-8-sig"))  # some editors begin with a mark
    except FileNotFoundError as error:
        raise BadInput(f"no project in {path.parent}: {path.name} is missing") from error
    except NotADirectoryError as error:
        raise not_a_folder(path.parent) from error
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path} is damaged: {error}") from error
    try:
        return _config(plain)
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from error


def not_a_folder(path: Path) -> BadInput:
    """What to raise when a file is given for a project."""
    return BadInput(f"{path} is a file: a project is a folder")


def write_config(path: Path, config: ProjectConfig) -> None:
    """Write ``project.toml`` in place of the old one, complete or not at all."""
    plain = asdict(config)
    if config.retrain == RetrainConfig():
        del plain["retrain"]
    write_atomically(path, (_HEAD + to_toml(plain)).encode("utf-8"))


def to_toml(table: Mapping[str, Any]) -> str:
    """A table of texts, numbers, lists of texts, plain tables and lists of tables as TOML; None is left out."""
    tables = {key: value for key, value in table.items() if _is_tables(value)}
    inner = {key: value for key, value in table.items() if isinstance(value, dict)}
    plain = {key: value for key, value in table.items() if key not in (*tables, *inner) and value is not None}
    lines = [f"{key} = {_toml(value)}" for key, value in plain.items()]
    for key, row in inner.items():
        lines += ["", f"[{key}]", to_toml(row).rstrip("\n")]
    for key, rows in tables.items():
        for row in rows:
            lines += ["", f"[[{key}]]", to_toml(row).rstrip("\n")]
    return "\n".join(lines) + "\n"


def _is_tables(value: Any) -> bool:
    return isinstance(value, tuple | list) and bool(value) and all(isinstance(item, dict) for item in value)


def _toml(value: Any) -> str:
    if isinstance(value, tuple | list):
        inner = [_toml(item) for item in value]
        return "[" + ", ".join(inner) + "]" if len(inner) < 4 else "[\n  " + ",\n  ".join(inner) + ",\n]"
    if isinstance(value, str):
        try:
            value.encode("utf-8")
        except UnicodeEncodeError as error:
            raise BadInput(f"{value!r} is not valid text: rename the file") from error
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return repr(value)


def _config(plain: Mapping[str, Any]) -> ProjectConfig:
    version = plain.get("version", VERSION)
    if isinstance(version, int) and version > VERSION:
        raise BadInput(f"version {version} is newer than this program (up to {VERSION}): update semsam-annotate")
    _known(plain, ProjectConfig, "")
    for key, value in plain.items():
        if not isinstance(value, _TYPES[key]) or isinstance(value, bool):
            raise BadInput(f"{key} cannot be {value!r}")
    if not all(isinstance(item, str) for item in plain.get("images", [])):
        raise BadInput("images are a list of paths")
    objects = tuple(_class(ObjectClass, row, "objects") for row in plain.get("objects", []))
    parts = tuple(_class(PartClass, row, "parts") for row in plain.get("parts", []))
    _known(plain.get("retrain", {}), RetrainConfig, " in [retrain]")
    built = {"images": tuple(plain.get("images", ())), "retrain": RetrainConfig(**plain.get("retrain", {}))}
    return ProjectConfig(**{**plain, **built, "objects": objects, "parts": parts})


def _class(kind: type, row: Any, where: str) -> Any:
    if not isinstance(row, dict):
        raise BadInput(f"{where} are tables [[{where}]] with a name, not {row!r}")
    _known(row, kind, f" in [[{where}]]")
    if "name" not in row:
        raise BadInput(f"an entry of [[{where}]] has no name")
    return kind(**row)


_HOMES = {ProjectConfig: "above the first [table]", RetrainConfig: "below [retrain]"}


def _known(plain: Iterable[str], kind: type, where: str) -> None:
    names = [item.name for item in fields(kind)]
    for key in plain:
        if key not in names:
            home = next(
                (place for other, place in _HOMES.items() if key in {item.name for item in fields(other)}), None
            )
            if home is not None:
                raise BadInput(f"{key!r} does not belong{where or ' here'}: write it {home}")
            near = difflib.get_close_matches(key, names, 1, 0)
            raise BadInput(f"unknown key {key!r}{where}: did you mean {near[0]!r}?")

"""What programs add to ``project.toml``, each to what the file says by then: others write it too."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from semsam_annotate.annotations.classes import ObjectClass, PartClass
from semsam_annotate.annotations.palette import told_apart
from semsam_annotate.annotations.project_config import ProjectConfig, read_config, write_config
from semsam_annotate.api.lock import held

PATIENCE = 10.0
"""Seconds to wait for another program that writes the file, on a busy disk."""

Addition = Callable[[ProjectConfig], ProjectConfig]
"""Gives a project's settings with something added; it may be asked twice."""


def added(path: Path, known: ProjectConfig, addition: Addition) -> ProjectConfig:
    """What ``path`` says once the addition is in it, what others wrote since it was ``known`` included.

    Where it adds nothing to what is known the file is left alone.
    """
    if addition(known) == known:
        return known
    busy = f"{path} is being written by another program: try again in a moment"
    with held(path.with_name(f".{path.stem}.lock"), busy, PATIENCE):
        there = read_config(path)
        wanted = addition(there)
        if wanted != there:
            write_config(path, wanted)
    return wanted


def with_classes(
    config: ProjectConfig, objects: Iterable[str], parts: Iterable[tuple[str | None, str]]
) -> ProjectConfig:
    """With names that are new; ``parts``: (object or None, bare name), objects join those of a part that is there."""
    known = {item.name: item for item in config.objects}
    for name in objects:
        known.setdefault(name, ObjectClass(name))
    listed = {item.name: item for item in config.parts}
    for owner, name in parts:
        if name not in listed:
            listed[name] = PartClass(name, objects=() if owner is None else (owner,))
        elif owner is not None and listed[name].objects and owner not in listed[name].objects:
            listed[name] = replace(listed[name], objects=(*listed[name].objects, owner))
    before: list[ObjectClass | PartClass] = [*config.objects, *config.parts]
    coloured = told_apart(tuple(known.values()), tuple(listed.values()), before)
    return replace(config, objects=coloured[0], parts=coloured[1])


def with_images(config: ProjectConfig, entries: Iterable[str]) -> ProjectConfig:
    """With files and folders of images that are new."""
    return replace(config, images=(*config.images, *(entry for entry in entries if entry not in config.images)))

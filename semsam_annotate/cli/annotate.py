"""``semsam annotate``: napari with the images and the dock open."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from semsam_annotate.api import BadInput

IMAGE_ENDINGS = {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".gif", ".webp", ".ppm", ".pgm", ".jp2"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("annotate")(annotate)


def annotate(
    images: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[IMAGE…]", help="Image files, or folders of them.", show_default=False),
    ] = None,
    project: Annotated[Path, typer.Option(help="Project folder; made when it is not there.")] = Path(),
    engine: Annotated[
        str, typer.Option(metavar="SOURCE", help='"default", a checkpoint file, "project:DIR" or http://host:port.')
    ] = "default",
    token_env: Annotated[
        str | None, typer.Option(metavar="NAME", help="Environment variable with the token of an engine on a server.")
    ] = None,
) -> None:
    """Annotate images in a napari window."""
    files = image_files(images or [])
    _check_window()
    from semsam_annotate.napari.engine.link import EngineChoice, started

    choice = EngineChoice(engine, _token(token_env))
    known = choice.of(project) if (project / "project.toml").is_file() else choice
    link = started(known.link())  # loading the engine takes as long as opening a window
    try:
        from semsam_annotate.napari.window import run_window

        run_window(files, project, choice, link)
    finally:
        link.kill()


def image_files(given: list[Path]) -> list[Path]:
    """The files given, with folders replaced by the images in them; BadInput for what is not there."""
    files: list[Path] = []
    for path in given:
        if path.is_dir():
            inside = sorted(file for file in path.iterdir() if file.suffix.lower() in IMAGE_ENDINGS)
            if not inside:
                raise BadInput(f"no images in the folder {path}")
            files += inside
        elif path.is_file():
            files.append(path)
        else:
            raise BadInput(f"no such image file: {path}")
    return files


def _token(variable: str | None) -> str | None:
    if variable is None:
        return None
    if variable not in os.environ:
        raise BadInput(f"the environment variable {variable} with the token is not set")
    return os.environ[variable]


def _check_window() -> None:
    missing = [name for name in ("napari", "qtpy", "magicgui") if find_spec(name) is None]
    if missing:
        raise BadInput(f"{', '.join(missing)} is not installed: pip install 'semsam-annotate[napari]' 'pyside6<6.12'")
    if not any(find_spec(binding) for binding in ("PySide6", "PyQt6", "PyQt5")):
        raise BadInput("napari needs a Qt binding: pip install 'pyside6<6.12'")
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise BadInput("no display: DISPLAY is not set; without a screen run it under xvfb-run, or use semsam auto")

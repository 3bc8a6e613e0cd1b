"""``semsam auto``: everything in an image, or in a folder of them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from semsam_annotate.api import AutoSettings, BadInput, Engine
from semsam_annotate.api.automatic import LEVELS
from semsam_annotate.automatic import TileSettings
from semsam_annotate.cli.engines import check_source, choose_engine, choose_words

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

    from semsam_annotate.cli.auto_image import Search

T = TypeVar("T")
SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".gif", ".webp", ".jp2", ".ppm", ".pgm", ".avif")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(auto)


def auto(
    images: Annotated[Path, typer.Argument(help="An image, or a folder of images; TIFF stacks plane by plane.")],
    out: Annotated[Path, typer.Option(help="JSON file: a tree of masks per image, masks as RLE.")],
    objects: Annotated[str | None, typer.Option(help="Object names, car,person; a project's own if left out.")] = None,
    parts: Annotated[str | None, typer.Option(help="Part names: wheel,head.")] = None,
    levels: Annotated[str | None, typer.Option(help="Granularities wanted, 1 coarsest to 6 finest: 1,2,3.")] = None,
    clicks: Annotated[int, typer.Option(help="Clicks along the longer side of the densest grid.")] = 16,
    channels: Annotated[str | None, typer.Option(help="Channels to use, 0 the first: 2,0,1 as red,green,blue.")] = None,
    percentiles: Annotated[
        str, typer.Option(help="Values that become black and full, other than 8 bits.")
    ] = "0.35,99.65",
    tile: Annotated[int, typer.Option(help="Side of the tiles of large images, in pixels.")] = 1024,
    tile_above: Annotated[int, typer.Option(help="Tile images whose longer side has more pixels.")] = 4096,
    weights: Annotated[str | None, typer.Option(help="A .safetensors file, http://…, or default.")] = None,
    project: Annotated[Path | None, typer.Option(help="Use this project's model and classes.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
) -> None:
    """Find the objects of whole images, with their parts below them; ends with 1 when some could not be read."""
    from semsam_annotate.annotations.files import write_atomically
    from semsam_annotate.cli.auto_image import Search
    from semsam_annotate.cli.evaluate import check_writable

    check_source(weights, project)
    check_writable(out)
    paths = image_paths(images)
    words = choose_words(objects, parts, project)
    search = Search(
        words,
        AutoSettings(side=clicks, most_clicks=clicks * clicks, levels=_numbers("levels", levels, int) or LEVELS),
        TileSettings(tile, max(1, tile // 4)),
        tile_above,
        _numbers("channels", channels, int) or None,
        _pair(percentiles),
    )
    engine = choose_engine(weights, project, device)
    try:
        found, skipped = search_all(engine, paths, search)
        content = {"engine": engine.info.to_json(), "vocabulary": words.to_json(), **search.to_json()}
    finally:
        engine.close()
    write_atomically(out, json.dumps({**content, "images": found, "skipped": skipped}).encode())
    masks = sum(len(item["nodes"]) for item in found)
    typer.echo(f"{out}: {masks} masks in {len(found)} image{'s' if len(found) != 1 else ''}")
    if skipped:
        raise typer.Exit(1)


def image_paths(images: Path) -> list[Path]:
    """The image itself, or the images of a folder by name; BadInput when there are none."""
    if not images.is_dir():
        return [images]
    paths = sorted(path for path in images.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file())
    if not paths:
        raise BadInput(f"there are no images in {images}")
    return paths


def search_all(
    engine: Engine, paths: list[Path], search: "Search"
) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """Trees of the images, and the files that cannot be read; BadInput when that is all of them."""
    found, skipped = [], []
    with _bars() as bars:
        images = bars.add_task("images", total=len(paths))
        inside = bars.add_task("masks", total=None)
        for path in paths:
            try:
                found += search.of(engine, path, lambda done, total: bars.update(inside, completed=done, total=total))
            except BadInput as error:
                skipped.append({"file": path.name, "reason": str(error)})
                typer.echo(f"semsam: skipped: {error}", err=True)
                if len(skipped) == len(paths):
                    raise
            bars.advance(images)
    return found, skipped


def _bars() -> "Bars":
    from rich.console import Console
    from rich.progress import Progress as Bars

    return Bars(console=Console(stderr=True), transient=True)


def _numbers(name: str, text: str | None, kind: Callable[[str], T]) -> tuple[T, ...]:
    try:
        return () if text is None else tuple(kind(item) for item in text.split(","))
    except ValueError as error:
        raise BadInput(f"--{name} takes numbers between commas, such as 1,2,3, not {text!r}") from error


def _pair(text: str) -> tuple[float, float]:
    numbers = _numbers("percentiles", text, float)
    if len(numbers) != 2:
        raise BadInput(f"--percentiles takes two numbers, such as 1,99, not {text!r}")
    return numbers[0], numbers[1]

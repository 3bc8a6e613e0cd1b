"""``semsam auto``: everything in an image, or in a folder of them."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from semsam_annotate.api import BadInput, Engine, Vocabulary
from semsam_annotate.cli.engines import check_source, choose_engine, choose_words

SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".gif", ".webp", ".jp2", ".ppm", ".pgm", ".avif")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(auto)


def auto(
    images: Annotated[Path, typer.Argument(help="An image, or a folder of images.")],
    out: Annotated[Path, typer.Option(help="JSON file: a tree of masks per image, masks as RLE.")],
    objects: Annotated[str | None, typer.Option(help="Object names, car,person; a project's own if left out.")] = None,
    parts: Annotated[str | None, typer.Option(help="Part names: wheel,head.")] = None,
    weights: Annotated[str | None, typer.Option(help="A .safetensors file, http://…, or default.")] = None,
    project: Annotated[Path | None, typer.Option(help="Use this project's model and classes.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
) -> None:
    """Find the objects of whole images, with their parts below them."""
    from semsam_annotate.annotations.files import write_atomically
    from semsam_annotate.cli.evaluate import check_writable

    check_source(weights, project)
    check_writable(out)
    paths = image_paths(images)
    words = choose_words(objects, parts, project)
    engine = choose_engine(weights, project, device)
    try:
        found, skipped = search(engine, paths, words)
        content = {"engine": engine.info.to_json(), "vocabulary": words.to_json(), "images": found, "skipped": skipped}
    finally:
        engine.close()
    write_atomically(out, json.dumps(content).encode())
    masks = sum(len(item["nodes"]) for item in found)
    typer.echo(f"{out}: {masks} masks in {len(found)} image{'s' if len(found) != 1 else ''}")


def image_paths(images: Path) -> list[Path]:
    """The image itself, or the images of a folder by name; BadInput when there are none."""
    if not images.is_dir():
        return [images]
    paths = sorted(path for path in images.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file())
    if not paths:
        raise BadInput(f"there are no images in {images}")
    return paths


def search(engine: Engine, paths: list[Path], words: Vocabulary) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """Trees of the images, and the files that cannot be read; BadInput when that is all of them."""
    found, skipped = [], []
    for path in _with_progress(paths):
        try:
            found.append(tree_of(engine, path, words))
        except BadInput as error:
            skipped.append({"file": path.name, "reason": str(error)})
            typer.echo(f"semsam: skipped: {error}", err=True)
            if len(skipped) == len(paths):
                raise
    return found, skipped


def tree_of(engine: Engine, path: Path, words: Vocabulary) -> dict[str, Any]:
    """One image with everything in it."""
    from semsam_annotate.annotations import image_sha256, read_image

    rgb = read_image(path)
    nodes = engine.auto(engine.encode(rgb), words).to_json()
    size = {"width": rgb.shape[1], "height": rgb.shape[0]}
    return {"file": path.name, **size, "sha256": image_sha256(rgb), "nodes": nodes}


def _with_progress(paths: list[Path]) -> Iterable[Path]:
    from rich.console import Console
    from rich.progress import track

    return track(paths, "images", console=Console(stderr=True), transient=True)

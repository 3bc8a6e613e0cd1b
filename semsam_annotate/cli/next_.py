"""``semsam next``."""

import json
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from semsam_annotate.api import BadInput
from semsam_annotate.api.lock import held
from semsam_annotate.cli.bars import bar

if TYPE_CHECKING:
    from semsam_annotate.annotations import Project
    from semsam_annotate.annotations.next_images import NextImage
    from semsam_annotate.training.active.rank import Ranked


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("next")(next_)


def next_(
    project: Annotated[Path, typer.Option(help="Project folder.")] = Path(),
    count: Annotated[int, typer.Option(min=1, help="Images to show, with the proposals to review first.")] = 20,
    strategy: Annotated[
        str | None, typer.Option(help="random, foreground, entropy, disagreement, diverse or clasp.")
    ] = None,
    review: Annotated[int, typer.Option(min=0, help="Proposals of each image to review first.")] = 5,
    most: Annotated[int, typer.Option(min=0, help="Look at so many images at most, drawn by the seed; 0: all.")] = 0,
    seed: Annotated[int, typer.Option(help="Of what is drawn.")] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Print the order as JSON.")] = False,
) -> None:
    """Rank the images that are not labelled yet, the most useful first; napari and Label Studio follow the order.

    Every image is searched once for each model; stopped at any time, it goes on where it was.
    """
    from semsam_annotate.annotations import Project

    try:
        from semsam_annotate.model.engine import open_engine
        from semsam_annotate.model.engine.settings import EngineSettings
        from semsam_annotate.training.active.choice import DEFAULT
        from semsam_annotate.training.active.rank import RankSettings, rank
    except ImportError as error:
        raise BadInput(f"ranking needs the extra 'train' ({error}): pip install 'semsam-annotate[train]'") from error

    settings = RankSettings(strategy or DEFAULT, count, review, most, seed)
    with Project.open(project) as opened, _only_one(opened), bar("images") as show:
        engine = open_engine(f"project:{project}", device, EngineSettings(cache_folder=opened.embeddings))
        try:
            found = rank(opened, engine, settings, show)
        finally:
            engine.close()
    for path, reason in found.skipped:
        typer.echo(f"semsam: skipped: {path.name}: {reason}", err=True)
    _tell(found, count, as_json)


def _only_one(project: "Project") -> AbstractContextManager[None]:
    from semsam_annotate.annotations.next_images import LOCK

    return held(project.models / LOCK, f"the images of {project.folder} are being ranked already: wait for its end")


def _tell(ranked: "Ranked", count: int, as_json: bool) -> None:
    found = ranked.found
    if as_json:
        content = found.to_json()
        skipped = [{"file": str(path), "reason": reason} for path, reason in ranked.skipped]
        typer.echo(json.dumps({**content, "images": content["images"][:count], "skipped": skipped}))
        return
    if not found.images:
        typer.echo("no image is left to label")
        return
    typer.echo(f"{len(found.images)} images ranked by {found.strategy}; the next {min(count, len(found.images))}:")
    for place, one in enumerate(found.images[:count], 1):
        typer.echo(f"{place:>4}  {one.path}  about {one.clicks:.0f} clicks{_names(one)}")


def _names(one: "NextImage") -> str:
    named = [f"{item.name} {item.chance:.0%}" for item in one.review if item.name is not None]
    return f"; look at {', '.join(named)}" if named else ""

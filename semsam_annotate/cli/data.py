"""``semsam data``: data sets to train on."""

import json as jsonlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from semsam_annotate.api import BadInput
from semsam_annotate.cli.bars import bar

if TYPE_CHECKING:
    from semsam_annotate.training.data.check import Report
    from semsam_annotate.training.data.readers import DataSet

NAMES_SHOWN = 12


def register(app: typer.Typer) -> None:
    """Add the commands."""
    data = typer.Typer(help="Data sets to train on.", no_args_is_help=True)
    data.callback()(_group)  # with it, a single command is still called by its name
    data.command()(check)
    data.command()(shards)
    app.add_typer(data, name="data")


def _group() -> None:
    """Data sets to train on."""


def check(
    path: Annotated[Path, typer.Argument(help="Annotation file, tar, folder or project; its layout is recognised.")],
    images: Annotated[Path | None, typer.Option(help="Folder of the images, if not around the annotations.")] = None,
    sheet: Annotated[Path, typer.Option(help="PNG with annotated images.")] = Path("data-check.png"),
    samples: Annotated[int, typer.Option(min=1, max=100, help="Images on that sheet.")] = 12,
    synonyms: Annotated[Path | None, typer.Option(help="Names to merge, laid over the packaged table (TOML).")] = None,
    exhaustive: Annotated[
        bool | None, typer.Option("--exhaustive/--not-exhaustive", help="COCO: is every instance annotated?")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Count what a data set holds, name what is wrong with it, and draw a sheet of its images with their masks."""
    try:
        from semsam_annotate.training.data.contact_sheet import write_contact_sheet
        from semsam_annotate.training.data.readers import open_data
        from semsam_annotate.training.data.synonyms import read_synonyms
    except ImportError as error:
        raise BadInput(
            f"checking data needs the extra 'local' ({error}): pip install 'semsam-annotate[local]'"
        ) from error
    from semsam_annotate.cli.evaluate import check_writable
    from semsam_annotate.cli.overlay import tinted

    check_writable(sheet)
    data = open_data(path, images, read_synonyms(synonyms), exhaustive)
    report = _checked(data)
    drawn = write_contact_sheet(data, sheet, tinted, samples)
    if json:
        typer.echo(jsonlib.dumps({**report.to_json(), "sheet": str(sheet) if drawn else None}))
    else:
        _show(report, f"{drawn} images on {sheet}" if drawn else "no image could be drawn")


def shards(
    path: Annotated[Path, typer.Argument(help="Annotation file, tar, folder or project; its layout is recognised.")],
    out: Annotated[Path, typer.Option(help="Folder of the shards; what was begun there goes on.")],
    images: Annotated[Path | None, typer.Option(help="Folder of the images, if not around the annotations.")] = None,
    shard_mb: Annotated[int, typer.Option(min=1, help="MiB after which a shard is closed.")] = 256,
    max_side: Annotated[int, typer.Option(min=32, help="Longer side of an image in pixels, at most.")] = 1024,
    synonyms: Annotated[Path | None, typer.Option(help="Names to merge, laid over the packaged table (TOML).")] = None,
    exhaustive: Annotated[
        bool | None, typer.Option("--exhaustive/--not-exhaustive", help="COCO: is every instance annotated?")
    ] = None,
) -> None:
    """Write a data set as tars for training (data.packs names the folder); stopped or killed, call it again."""
    try:
        from semsam_annotate.training.data.readers import open_data
        from semsam_annotate.training.data.shards import ShardSettings, write_shards
        from semsam_annotate.training.data.shards.writer import told
        from semsam_annotate.training.data.synonyms import read_synonyms
    except ImportError as error:
        raise BadInput(
            f"writing shards needs the extra 'local' ({error}): pip install 'semsam-annotate[local]'"
        ) from error
    data = open_data(path, images, read_synonyms(synonyms), exhaustive)
    settings = ShardSettings(shard_mb << 20, max_side)
    with bar("images") as show:
        index = write_shards(data, out, settings, show)
    size = f"{index.bytes / 2**20:,.1f} MiB"
    typer.echo(f"{index.images:,} images, {index.masks:,} masks in {len(index.shards):,} shards, {size}: {out}")
    if index.left_out:
        typer.echo(f"left out: {told(index.left_out)} (semsam data check tells where)")


def _checked(data: "DataSet") -> "Report":
    from semsam_annotate.training.data.check import check as run

    with bar("images") as show:
        return run(data, show)


def _show(report: "Report", drawn: str) -> None:
    from semsam_annotate.training.data.problem import printable

    typer.echo(f"layout      {report.format}")
    typer.echo(f"images      {report.images:,}, of which {report.empty_images:,} without masks")
    masks = ", ".join(f"{count:,} {kind}" for kind, count in report.masks.most_common())
    typer.echo(f"masks       {report.masks.total():,}: {masks or 'none'}; {report.with_parent:,} with a parent")
    typer.echo(f"teaches     {', '.join(f'{what}: {count:,}' for what, count in report.supervision.most_common())}")
    typer.echo(f"absences    known in {report.exhaustive:,} images")
    typer.echo(f"licences    {', '.join(f'{name}: {count:,}' for name, count in report.licenses.most_common())}")
    for title, names in (("objects", report.objects), ("parts", report.parts)):
        shown = ", ".join(f"{printable(name, 40)} {count:,}" for name, count in names.most_common(NAMES_SHOWN))
        typer.echo(
            f"{title:<11} {len(names):,} names{f': {shown}' if shown else ''}{' …' * (len(names) > NAMES_SHOWN)}"
        )
    typer.echo(f"sheet       {drawn}")
    typer.echo(f"problems    {report.problems.total():,}")
    for kind, count in report.problems.most_common():
        typer.echo(f"  {count:,} x {kind}")
        for found in report.examples[kind]:
            typer.echo(f"      {found.where}{f': {found.detail}' if found.detail else ''}")

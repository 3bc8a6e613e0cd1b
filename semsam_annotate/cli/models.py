"""``semsam models``: the versions of a project's model, and which of them serves."""

import json as jsonlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from semsam_annotate.cli.calibrating import calibrate
from semsam_annotate.cli.engines import registry_of

if TYPE_CHECKING:
    from semsam_annotate.model.checkpoints.published import Conversion
    from semsam_annotate.model.registry import ModelVersion

ProjectOption = Annotated[Path, typer.Option("--project", help="Folder of the project.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    models = typer.Typer(help="The models of a project; published checkpoints.", no_args_is_help=True)
    models.command("list")(list_models)
    models.command()(info)
    models.command()(promote)
    models.command()(rollback)
    models.command()(refresh)
    models.command()(calibrate)
    models.command()(pull)
    models.command()(convert)
    app.add_typer(models, name="models")


def list_models(project: ProjectOption = Path(), json: JsonOption = False) -> None:
    """List the versions, oldest first; the active one is marked."""
    registry = registry_of(project)
    active = registry.active().version
    rows = [{"version": item.version, "active": item.version == active, **item.notes} for item in registry.versions()]
    if json:
        typer.echo(jsonlib.dumps(rows))
        return
    for row in rows:
        notes = ", ".join(f"{key} {value}" for key, value in row.items() if _is_short(key, value))
        typer.echo(f"{'*' if row['active'] else ' '} {row['version']:<14} {notes}".rstrip())


def info(
    version: Annotated[
        str | None, typer.Argument(help="Version or .safetensors file; the active one if left out.")
    ] = None,
    project: ProjectOption = Path(),
    json: JsonOption = False,
) -> None:
    """Show the card of a checkpoint: what it is, what it was trained on, how."""
    from semsam_annotate.model.checkpoints.weights import load_checkpoint

    path = _weights_of(version, project)
    network, card, contents = load_checkpoint(path)
    facts: dict[str, Any] = {
        "version": contents,
        "file": str(path),
        "bytes": path.stat().st_size,
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        **card.to_json(),
    }
    typer.echo(jsonlib.dumps(facts, indent=None if json else 1)) if json else _show(facts)


def promote(
    version: Annotated[str, typer.Argument(help="The version that shall serve.")],
    project: ProjectOption = Path(),
    json: JsonOption = False,
) -> None:
    """Make a version the active one; engines that follow the project load it before their next image."""
    _report(registry_of(project).promote(version), json)


def rollback(project: ProjectOption = Path(), json: JsonOption = False) -> None:
    """Make the version before the active one active again."""
    _report(registry_of(project).rollback(), json)


def refresh(
    project: ProjectOption = Path(),
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    json: JsonOption = False,
) -> None:
    """Let the active model remember what is accepted, as after a promotion; goes on where it was stopped.

    Ends with 1 when some failed.
    """
    from semsam_annotate.annotations import Project, named_masks
    from semsam_annotate.model.engine import open_engine

    registry_of(project)
    engine = open_engine(f"project:{project}", device)
    with Project.open(project) as opened:
        done = engine.refresh(lambda: named_masks(opened))
    engine.close()
    if json:
        typer.echo(jsonlib.dumps({"made": done.made, "forgotten": done.forgotten, "failed": done.failed}))
    else:
        typer.echo(f"remembered {done.made} masks, forgot {done.forgotten}, failed {len(done.failed)}")
        for id, reason in done.failed.items():
            typer.echo(f"  {id}: {reason}", err=True)
    if done.failed:
        raise typer.Exit(1)


def convert(
    checkpoint: Annotated[Path, typer.Argument(help="Published Semantic-SAM checkpoint, a .pth file.")],
    out: Annotated[Path | None, typer.Option(help="Weights to write; beside the checkpoint if left out.")] = None,
    json: JsonOption = False,
) -> None:
    """Convert a published checkpoint once, after comparing every tensor; nothing in the file is run."""
    from semsam_annotate.model.checkpoints.published import convert as run

    _report_conversion(run(checkpoint, out or checkpoint.with_suffix(".safetensors")), json)


def pull(
    network: Annotated[str, typer.Argument(help="swin-t or swin-l.")],
    release: Annotated[str | None, typer.Option(help="Folder address of a mirror.")] = None,
    json: JsonOption = False,
) -> None:
    """Download a published checkpoint, going on where it broke off, and convert it: --weights swin-t works then."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

    from semsam_annotate.model.checkpoints.download import RELEASE, download
    from semsam_annotate.model.checkpoints.published import convert as run
    from semsam_annotate.model.checkpoints.published_files import checkpoints_folder

    folder = checkpoints_folder()
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(network, total=None, visible=False)

        def show(done: int, total: int | None) -> None:
            bar.update(task, completed=done, total=total, visible=True)

        found = download(network, folder, release or RELEASE, show)
    typer.echo(f"{found.path.name}: sha256 {found.sha256}{', pinned now' if found.first else ', as pinned'}", err=True)
    _report_conversion(run(found.path, folder / f"{network}.safetensors"), json)


def _report_conversion(found: "Conversion", json: bool) -> None:
    facts = {"network": found.network, "version": found.version, "file": str(found.path), "sha256": found.sha256}
    if json:
        typer.echo(jsonlib.dumps({**facts, "ignored": found.ignored}))
        return
    for name, value in facts.items():
        typer.echo(f"{name:<9} {value}")
    typer.echo(
        f"ignored   {_some(found.ignored)}\nlicence   its authors state none: ask them before you publish anything"
    )


def _report(active: "ModelVersion", json: bool) -> None:
    typer.echo(jsonlib.dumps({"active": active.version}) if json else f"active: {active.version}")


def _weights_of(version: str | None, project: Path) -> Path:
    if version is not None and (version.endswith(".safetensors") or "/" in version):
        return Path(version)
    if version == "default":
        from semsam_annotate.model.engine.opening import packaged_weights

        return packaged_weights()
    registry = registry_of(project)
    return (registry.active() if version is None else registry.get(version)).weights


def _show(facts: dict[str, Any]) -> None:
    config, trained = facts["config"], facts["trained"]
    lines = {
        "version": facts["version"],
        "file": facts["file"],
        "size": f"{facts['bytes'] / 1e6:.1f} MB, {facts['parameters']:,} parameters",
        "network": f"{config['name']}, {config['encoder']} encoder, {config['input']['side']} px",
        "levels": "level " + ", ".join(f"{level} from token {row}" for row, level in enumerate(facts["levels"])),
        "objects": _some(facts["objects"]),
        "parts": _some(facts["parts"]),
        "trained": ", ".join(f"{key} {value}" for key, value in trained.items() if _is_short(key, value)),
    }
    for name, value in lines.items():
        typer.echo(f"{name:<9} {value}".rstrip())


def _some(names: list[str] | tuple[str, ...], most: int = 12) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{len(names)}: {', '.join(names[:most])}{more}" if names else "none"


def _is_short(key: str, value: Any) -> bool:
    return key not in ("version", "active") and isinstance(value, str | int | float) and len(str(value)) < 60

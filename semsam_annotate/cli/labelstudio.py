"""``semsam labelstudio``: set a Label Studio up for a project, and get the work out of it again."""

from pathlib import Path
from typing import Annotated

import typer

from semsam_annotate.api import BadInput

ProjectOption = Annotated[Path, typer.Option("--project", help="Folder of the project.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Label Studio: labelling config, set-up, export.", no_args_is_help=True)
    group.callback()(_group)  # with it, a single command is still called by its name
    group.command("config")(config)
    app.add_typer(group, name="labelstudio")


def _group() -> None:
    """Label Studio: labelling config, set-up, export."""


def config(
    project: ProjectOption = Path(),
    out: Annotated[Path | None, typer.Option(help="File to write; left out: standard output.")] = None,
) -> None:
    """Write the labelling config of a project: its objects and parts in its colours, level and score per region."""
    from semsam_annotate.annotations.files import write_atomically
    from semsam_annotate.annotations.project_config import read_config
    from semsam_annotate.backend.label_studio.admin.labelling import labelling_config

    text = labelling_config(read_config(project / "project.toml"))
    if out is None:
        typer.echo(text, nl=False)
        return
    if not out.parent.is_dir():
        raise BadInput(f"the folder to write into does not exist: {out.parent}")
    write_atomically(out, text.encode("utf-8"))

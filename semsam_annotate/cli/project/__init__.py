"""``semsam project``: several people on one project, and looking after it."""

import typer

from semsam_annotate.cli.project import looking_after, people, suspects


def register(app: typer.Typer) -> None:
    """Add the commands."""
    project = typer.Typer(help="Several people on one project; check, backup, merge.", no_args_is_help=True)
    for command in (people.review, people.agreement, people.conflicts, people.authors, people.history):
        project.command()(command)
    project.command()(suspects.suspects)
    for command in (looking_after.merge, looking_after.forget, looking_after.check, looking_after.repair):
        project.command()(command)
    project.command()(looking_after.backup)
    app.add_typer(project, name="project")

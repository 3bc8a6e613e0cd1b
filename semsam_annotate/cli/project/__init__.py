"""``semsam project``: several people on one project, and looking after it."""

import typer

from semsam_annotate.cli.project import looking_after, people, suspects


def register(app: typer.Typer) -> None:
    """Add the commands."""
    project = typer.Typer(help="Several people on one project; check, backup, restore, merge.", no_args_is_help=True)
    project.command()(people.review)
    project.command()(people.agreement)
    project.command()(people.conflicts)
    project.command()(people.authors)
    project.command()(people.history)
    project.command()(suspects.suspects)
    project.command()(looking_after.merge)
    project.command()(looking_after.forget)
    project.command()(looking_after.check)
    project.command()(looking_after.repair)
    project.command()(looking_after.backup)
    project.command()(looking_after.restore)
    app.add_typer(project, name="project")

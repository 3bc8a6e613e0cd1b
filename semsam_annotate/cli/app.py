"""The program: its commands, and one clear line for whatever a person can mend."""

import sys
import warnings
from importlib import import_module
from typing import Any

import typer

from semsam_annotate.api import SemsamError

COMMANDS: tuple[str, ...] = (
    "annotate",
    "serve",
    "evaluate",
    "doctor",
    "train",
    "export",
    "import_",
    "retrain",
    "loop",
    "next_",
    "demo",
    "click",
    "auto",
    "segment",
    "models",
    "bench",
    "data",
    "labelstudio",
    "project",
)
"""Modules of ``semsam_annotate.cli`` that each ``register`` their commands, in the order of ``--help``."""
_MISUSE: type[Exception] = typer.BadParameter.mro()[1]
"""Of options and arguments: click's ``UsageError``, which typer brings along under no name of its own."""


def build() -> typer.Typer:
    """The typer application with every command registered."""
    app = typer.Typer(
        name="semsam",
        help="Annotate images with masks of objects and their parts.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"max_content_width": 120},
        rich_markup_mode=None,  # rich takes as long to import as all the rest of --help
    )
    app.callback()(_program)  # with it, a single command is still called by its name
    for name in COMMANDS:
        import_module(f"semsam_annotate.cli.{name}").register(app)
    return app


def _program() -> None:
    """Annotate images with masks of objects and their parts."""


def main() -> None:
    """Entry point of ``semsam``: exit code 2 and one line on bad input, 1 on anything else that was foreseen."""
    warnings.formatwarning = _warning
    try:
        sys.exit(build()(standalone_mode=False) or 0)
    except _MISUSE as error:
        sys.exit(_misused(error))
    except typer.Abort:
        sys.exit("semsam: stopped")
    except SemsamError as error:
        sys.exit(_complain(str(error)))
    except (PermissionError, FileNotFoundError, IsADirectoryError, OSError) as error:
        sys.exit(_complain(f"{error.strerror or error}: {error.filename}" if error.filename else str(error)))
    except KeyboardInterrupt:
        print("semsam: stopped", file=sys.stderr)
        sys.exit(130)


def _warning(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, line: str | None = None
) -> str:
    """Ours in one line like every complaint; others' say where they come from."""
    if category.__module__.startswith("semsam_annotate."):
        return f"semsam: {' '.join(str(message).split())}\n"
    return f"{filename}:{lineno}: {category.__name__}: {message}\n"


def _misused(error: Any) -> int:
    """The help where nothing was given, else one line that says what is wrong and where to read."""
    said = error.format_message()
    if "\n" in said.strip():
        print(said, file=sys.stderr)
        return 2
    command = error.ctx.command_path if error.ctx is not None else "semsam"
    return _complain(f"{said.rstrip('.')}: see {command} --help")


def _complain(message: str) -> int:
    print(f"semsam: {' '.join(message.split())}", file=sys.stderr)
    return 2

"""``semsam serve``: the engine and Label Studio's backend over HTTP."""

import json
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from semsam_annotate.api import BadInput

if TYPE_CHECKING:
    from semsam_annotate.backend.auth import Credentials


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(serve)


def serve(
    project: Annotated[Path | None, typer.Option(help="Project: annotations land here, its model serves.")] = None,
    host: Annotated[str, typer.Option(help="Address to listen on; 127.0.0.1 is this machine only.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 picks a free one.")] = 9090,
    token: Annotated[str | None, typer.Option(help="Token of callers; made and shown when left out.")] = None,
    token_env: Annotated[str | None, typer.Option(help="Environment variable that holds the token.")] = None,
    basic_auth: Annotated[str | None, typer.Option(help="USER:PASSWORD for HTTP basic auth.")] = None,
    weights: Annotated[str | None, typer.Option(help="default, a .safetensors file or project:DIR.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    precision: Annotated[str, typer.Option(help="fp32, or bf16: faster with AMX, AVX512-BF16, a GPU.")] = "fp32",
    engine_only: Annotated[
        bool, typer.Option("--engine-only", help="Only the engine, nothing of Label Studio.")
    ] = False,
    label_studio_url: Annotated[str | None, typer.Option(help="Address of Label Studio, for its images.")] = None,
    label_studio_token_env: Annotated[
        str | None, typer.Option(help="Environment variable that holds Label Studio's token.")
    ] = None,
    exit_with_parent: Annotated[bool, typer.Option("--exit-with-parent", hidden=True)] = False,
) -> None:
    """Serve the engine over HTTP and, unless --engine-only, as a Label Studio ML backend. Auth is always on."""
    try:
        from semsam_annotate.backend import app as application
        from semsam_annotate.backend import server, settings
    except ImportError as error:
        raise BadInput(f"serving needs the extra 'serve' ({error}): pip install 'semsam-annotate[serve]'") from error
    if exit_with_parent:
        server.exit_with_parent()
    if project is not None:
        _make_project(project)
    credentials = _credentials(token, token_env, basic_auth, project)
    chosen = settings.ServerSettings(
        credentials=credentials,
        host=host,
        port=port,
        weights=weights or ("default" if project is None else f"project:{project}"),
        device=device,
        precision=precision,
        project=project,
        engine_only=engine_only,
        label_studio_url=label_studio_url,
        label_studio_token=from_environment(label_studio_token_env),
    )
    with server.bind(host, port) as listener:
        served = application.create_app(chosen)
        if token is None and token_env is None and basic_auth is None:
            typer.echo(f"token: {credentials.token}", err=True)
        if not engine_only:
            _tell_address(host, listener.getsockname()[1], credentials)
        server.announce(listener)
        server.run(served, listener)


def _tell_address(host: str, port: int, credentials: "Credentials") -> None:
    """What to enter in Label Studio as the address of its ML backend."""
    typer.echo(f"Label Studio: http://{host}:{port}/hook/{credentials.hook_secret}/ with basic auth", err=True)


def _make_project(folder: Path) -> None:
    """A project that is not there is made: its model is asked for before anything is kept in it."""
    if not (folder / "project.toml").exists():
        from semsam_annotate.annotations import Project

        Project.create(folder).close()


def _credentials(
    token: str | None, token_env: str | None, basic_auth: str | None, project: Path | None
) -> "Credentials":
    from semsam_annotate.backend.auth import Credentials

    given = token if token is not None else from_environment(token_env)
    pair = None
    if basic_auth is not None:
        user, _, password = basic_auth.partition(":")
        pair = (user, password)
    kept = kept_secrets(project)
    made = kept["token"] if given is None and pair is None else given
    return Credentials(token=made, basic=pair, hook_secret=kept["hook_secret"])


def from_environment(name: str | None) -> str | None:
    """The value of a variable, taken out of the environment so that child processes do not inherit it."""
    if name is None:
        return None
    value = os.environ.pop(name, "")
    if not value:
        raise BadInput(f"the environment variable {name} is empty or not set")
    return value


def kept_secrets(project: Path | None) -> dict[str, str]:
    """Token and webhook secret: kept in the project, readable by its owner only, so that a restart keeps them."""
    made = {"token": secrets.token_urlsafe(24), "hook_secret": secrets.token_urlsafe(24)}
    if project is None or not project.is_dir():
        return made
    path = project / "serve-secrets.json"
    if path.exists():
        return _read_secrets(path, made)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(made, file)
    os.replace(temporary, path)
    return made


def _read_secrets(path: Path, keys: dict[str, str]) -> dict[str, str]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        return {key: str(value[key]) for key in keys}
    except (ValueError, KeyError, TypeError) as error:
        raise BadInput(f"{path} is damaged: delete it and new secrets are made") from error

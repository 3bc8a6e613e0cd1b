"""``semsam serve``: the engine and Label Studio's backend over HTTP."""

from pathlib import Path
from typing import Annotated

import typer

from semsam_annotate.api import BadInput
from semsam_annotate.cli.serve_secrets import FILE, Given, check_host, credentials, from_environment

BEHIND_THE_WINDOW = 15
"""Niceness of an encoding in a window's child: it keeps every core busy, and a frame must not wait for it."""


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
    basic_auth_env: Annotated[
        str | None, typer.Option(help="Environment variable that holds USER:PASSWORD, which no process list shows.")
    ] = None,
    show_secrets: Annotated[
        bool, typer.Option("--show-secrets", help="Show kept secrets again, not once only.")
    ] = False,
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
    image_host: Annotated[
        list[str] | None, typer.Option(help="HOST or HOST:PORT that images may come from too; may be repeated.")
    ] = None,
    prefetch: Annotated[bool, typer.Option(help="Encode the next task's image ahead of its first click.")] = True,
    retrain_after: Annotated[
        int | None, typer.Option(min=0, help="Train after so many newly accepted masks, 0 never; else project.toml's.")
    ] = None,
    requests_per_second: Annotated[
        float, typer.Option(min=0, help="What one client may ask for on average; 0: as much as it likes.")
    ] = 100.0,
    webhook_megabytes: Annotated[
        int, typer.Option(min=1, help="That kept webhooks may take on the disk; more are refused.")
    ] = 2000,
    stop_seconds: Annotated[int, typer.Option(min=0, help="What runs may take so long to end after SIGTERM.")] = 30,
    log_level: Annotated[
        str, typer.Option(help="debug, info, warning or error: JSON lines on standard error.")
    ] = "info",
    exit_with_parent: Annotated[bool, typer.Option("--exit-with-parent", hidden=True)] = False,
) -> None:
    """Serve the engine over HTTP and, unless --engine-only, as a Label Studio ML backend. Auth is always on.

    Secrets that were not given are made and shown once; with --project they are kept in it for the next start.
    """
    try:
        from semsam_annotate.backend import app as application
        from semsam_annotate.backend import logs, server, settings
    except ImportError as error:
        raise BadInput(f"serving needs the extra 'serve' ({error}): pip install 'semsam-annotate[serve]'") from error
    if engine_only and image_host:
        raise BadInput("--engine-only fetches no images: leave out --image-host, or --engine-only")
    given = Given(token, token_env, basic_auth, basic_auth_env)
    check_host(host, given)
    if exit_with_parent:
        server.exit_with_parent()
    if project is not None:
        _make_project(project)
    who, fresh = credentials(given, project)
    chosen = settings.ServerSettings(
        credentials=who,
        host=host,
        port=port,
        weights=weights or ("default" if project is None else f"project:{project}"),
        device=device,
        precision=precision,
        project=project,
        engine_only=engine_only,
        label_studio_url=label_studio_url,
        label_studio_token=from_environment(label_studio_token_env),
        image_hosts=tuple(image_host or ()),
        prefetch=prefetch,
        retrain_after=retrain_after,
        requests_per_second=requests_per_second,
        max_webhook_bytes=webhook_megabytes * 1_000_000,
        niceness=BEHIND_THE_WINDOW if exit_with_parent else 0,
    )
    logs.log_to(log_level, (*who.secrets, chosen.label_studio_token or ""))
    with server.bind(host, port) as listener:
        served = application.create_app(chosen)
        kept = None if project is None or fresh or show_secrets else project / FILE
        if given.nothing:
            typer.echo(f"token: {who.token}" if kept is None else f"token: the one in {kept}", err=True)
        if not engine_only:
            _tell_address(f"http://{host}:{listener.getsockname()[1]}", who.hook_secret, kept)
        server.announce(listener)
        server.run(served, listener, stop_seconds)


def _tell_address(server: str, secret: str | None, kept: Path | None) -> None:
    """What Label Studio is given; the secret itself unless it lies in a file that was shown before."""
    shown = secret if kept is None else f"(hook_secret of {kept})"
    typer.echo(f"Label Studio: {server}/hook/{shown}/ with basic auth", err=True)


def _make_project(folder: Path) -> None:
    """A project that is not there is made: its model is asked for before anything is kept in it."""
    if not (folder / "project.toml").exists():
        from semsam_annotate.annotations import Project

        Project.create(folder).close()

"""``semsam serve``: the engine and Label Studio's backend over HTTP."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from semsam_annotate.api import BadInput
from semsam_annotate.cli.serve_options import (
    BasicAuthEnvOption,
    BasicAuthOption,
    DeviceOption,
    EngineOnlyOption,
    ExitWithParentOption,
    HostOption,
    ImageHostOption,
    LabelStudioTokenEnvOption,
    LabelStudioUrlOption,
    LogLevelOption,
    PortOption,
    PrecisionOption,
    PrefetchOption,
    ProjectOption,
    RequestsPerSecondOption,
    RetrainAfterOption,
    ShowSecretsOption,
    StopSecondsOption,
    TokenEnvOption,
    TokenOption,
    WebhookMegabytesOption,
    WeightsOption,
)
from semsam_annotate.cli.serve_secrets import FILE, Given, check_host, credentials, from_environment

if TYPE_CHECKING:
    from semsam_annotate.backend.settings import ServerSettings

BEHIND_THE_WINDOW = 15
"""Niceness of an encoding in a window's child: it keeps every core busy, and a frame must not wait for it."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(serve)


def serve(
    project: ProjectOption = None,
    host: HostOption = "127.0.0.1",
    port: PortOption = 9090,
    token: TokenOption = None,
    token_env: TokenEnvOption = None,
    basic_auth: BasicAuthOption = None,
    basic_auth_env: BasicAuthEnvOption = None,
    show_secrets: ShowSecretsOption = False,
    weights: WeightsOption = None,
    device: DeviceOption = "auto",
    precision: PrecisionOption = "fp32",
    engine_only: EngineOnlyOption = False,
    label_studio_url: LabelStudioUrlOption = None,
    label_studio_token_env: LabelStudioTokenEnvOption = None,
    image_host: ImageHostOption = None,
    prefetch: PrefetchOption = True,
    retrain_after: RetrainAfterOption = None,
    requests_per_second: RequestsPerSecondOption = 100.0,
    webhook_megabytes: WebhookMegabytesOption = 2000,
    stop_seconds: StopSecondsOption = 30,
    log_level: LogLevelOption = "info",
    exit_with_parent: ExitWithParentOption = False,
) -> None:
    """Serve the engine over HTTP and, unless --engine-only, as a Label Studio ML backend. Auth is always on.

    Secrets that were not given are made and shown once; with a project they are kept in it for the next start.
    """
    try:
        from semsam_annotate.backend import logs, server, settings
    except ImportError as error:
        raise BadInput(f"serving needs the extra 'serve' ({error}): pip install 'semsam-annotate[serve]'") from error
    if engine_only and image_host:
        raise BadInput("--engine-only fetches no images: leave out --image-host, or --engine-only")
    given = Given(token, token_env, basic_auth, basic_auth_env)
    check_host(host, given)
    if exit_with_parent:
        server.exit_with_parent()
    if project is None and weights is None and Path("project.toml").is_file():
        project = Path()
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
    _run(chosen, given.nothing, None if project is None or fresh or show_secrets else project / FILE, stop_seconds)


def _run(settings: "ServerSettings", made: bool, kept: Path | None, stop_seconds: int) -> None:
    """``made``: whether the secrets are ours to tell, ``kept``: the file that they are read in, if not here."""
    from semsam_annotate.backend import server
    from semsam_annotate.backend.app import create_app

    with server.bind(settings.host, settings.port) as listener:
        served, who = create_app(settings), settings.credentials
        if made:
            typer.echo(f"token: {who.token}" if kept is None else f"token: the one in {kept}", err=True)
        if not settings.engine_only:
            _tell_address(f"http://{settings.host}:{listener.getsockname()[1]}", who.hook_secret, kept)
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

"""``semsam doctor labelstudio``: whether Label Studio and our server work together, and how to mend what does not."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from semsam_annotate.cli.labelstudio import (
    DEFAULT_BACKEND,
    BackendOption,
    BasicAuthOption,
    ImageHostOption,
    LsProjectOption,
    ProjectOption,
    TitleOption,
    TokenOption,
    UrlOption,
    backend_secrets,
)

if TYPE_CHECKING:
    from semsam_annotate.backend.label_studio.admin.check import Check


def labelstudio(
    url: UrlOption,
    token_env: TokenOption,
    project: ProjectOption = Path(),
    backend: BackendOption = DEFAULT_BACKEND,
    basic_auth_env: BasicAuthOption = None,
    title: TitleOption = None,
    ls_project: LsProjectOption = None,
    image_host: ImageHostOption = None,
    json: Annotated[bool, typer.Option("--json", help="Checks as a JSON list.")] = False,
) -> None:
    """Check Label Studio, the server and the ways between them; exit code 1 when something blocks."""
    from dataclasses import asdict
    from json import dumps

    from semsam_annotate.annotations.project_config import read_config
    from semsam_annotate.backend.label_studio.admin.addresses import backend_address
    from semsam_annotate.backend.label_studio.admin.client import LabelStudioApi
    from semsam_annotate.backend.label_studio.admin.examine import Subject, examine
    from semsam_annotate.backend.label_studio.image_hosts import image_hosts
    from semsam_annotate.cli.serve_secrets import from_environment

    config = read_config(project / "project.toml")
    user, password, secret = backend_secrets(project, basic_auth_env)
    token, hosts = from_environment(token_env) or "", image_hosts(image_host or ())
    named = title or config.name or project.absolute().name
    checks: list[Check] = []
    with LabelStudioApi(url, token) as api:
        subject = Subject(api, token, backend_address(backend, secret), (user, password), named, ls_project, hosts)
        for check in examine(subject, config.vocabulary()):
            checks.append(check)
            if not json:
                typer.echo(check.line())
    if json:
        typer.echo(dumps([asdict(check) for check in checks], indent=2))
    if any(check.state == "blocks" for check in checks):
        raise typer.Exit(1)

"""``semsam labelstudio``: set a Label Studio up for a project, and get the work out of it again."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from semsam_annotate.api import BadInput

if TYPE_CHECKING:
    from semsam_annotate.backend.label_studio.admin.setting_up import Step

DEFAULT_BACKEND = "http://127.0.0.1:9090"
ProjectOption = Annotated[Path, typer.Option("--project", help="Folder of the project.")]
UrlOption = Annotated[str, typer.Option("--url", help="Address of Label Studio: http://host:port.")]
TokenOption = Annotated[
    str, typer.Option("--token-env", help="Environment variable with a legacy or personal access token.")
]
BackendOption = Annotated[str, typer.Option("--backend", help="Address of `semsam serve` as Label Studio reaches it.")]
BasicAuthOption = Annotated[
    str | None, typer.Option("--basic-auth-env", help="Variable with USER:PASSWORD, if `semsam serve` was given one.")
]
TitleOption = Annotated[
    str | None, typer.Option("--title", help="Of the project there; the project's name if left out.")
]
LsProjectOption = Annotated[
    int | None, typer.Option("--ls-project", help="Id of a project that is there, in place of a title.")
]
ImageHostOption = Annotated[
    list[str] | None,
    typer.Option("--image-host", help="HOST or HOST:PORT that images may come from too, as for serve; repeatable."),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Label Studio: labelling config, set-up, export, reconciling.", no_args_is_help=True)
    group.callback()(_group)  # with it, a single command is still called by its name
    group.command("config")(config)
    group.command("setup")(setup)
    group.command("export")(export)
    group.command("reconcile")(reconcile)
    app.add_typer(group, name="labelstudio")


def _group() -> None:
    """Label Studio: labelling config, set-up, export, reconciling."""


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


def setup(
    url: UrlOption,
    token_env: TokenOption,
    project: ProjectOption = Path(),
    backend: BackendOption = DEFAULT_BACKEND,
    basic_auth_env: BasicAuthOption = None,
    title: TitleOption = None,
    ls_project: LsProjectOption = None,
    replace_config: Annotated[
        bool, typer.Option("--replace-config", help="Also a labelling config that was changed by hand.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Make project, labelling config, ML backend and webhook in Label Studio; done twice, nothing changes."""
    from dataclasses import asdict
    from json import dumps

    from semsam_annotate.annotations.project_config import read_config
    from semsam_annotate.backend.label_studio.admin.addresses import backend_address
    from semsam_annotate.backend.label_studio.admin.client import LabelStudioApi
    from semsam_annotate.backend.label_studio.admin.labelling import labelling_config
    from semsam_annotate.backend.label_studio.admin.setting_up import Wanted, set_up
    from semsam_annotate.cli.serve_secrets import from_environment

    config = read_config(project / "project.toml")
    user, password, secret = backend_secrets(project, basic_auth_env)
    wanted = Wanted(
        title=title or config.name or project.absolute().name, config=labelling_config(config),
        backend=backend_address(backend, secret), user=user, password=password,
        project=ls_project, replace_config=replace_config,
    )  # fmt: skip
    with LabelStudioApi(url, from_environment(token_env) or "") as api:
        number, steps = set_up(api, wanted, lambda step: None if json else typer.echo(step.line()))
    changed = any(step.did in ("made", "changed") for step in steps)
    if json:
        typer.echo(dumps({"project": number, "changed": changed, "steps": [asdict(step) for step in steps]}))
    else:
        typer.echo(_ending(number, url, steps, changed))


def _ending(number: int, url: str, steps: "list[Step]", changed: bool) -> str:
    where = f"{url.rstrip('/')}/projects/{number}"
    left = "" if all(step.did != "left" for step in steps) else ", but see what was left"
    return f"ready{left}: {where}" if changed else f"nothing to change{left}: {where}"


def backend_secrets(project: Path, basic_auth_env: str | None) -> tuple[str, str, str]:
    """User and password of `semsam serve`, and the secret of its webhook path; made now if it never ran."""
    from semsam_annotate.cli.serve_secrets import from_environment, kept_secrets

    kept, _ = kept_secrets(project)
    if basic_auth_env is None:
        return "semsam", kept["token"], kept["hook_secret"]
    user, colon, password = (from_environment(basic_auth_env) or "").partition(":")
    if not colon:
        raise BadInput(f"the variable {basic_auth_env} holds USER:PASSWORD")
    return user, password, kept["hook_secret"]


def export(
    out: Annotated[Path, typer.Option(help="File to write; for masks a folder.")],
    format: Annotated[str, typer.Option(help="coco, parts (part JSON in PACO's scheme) or masks (PNG).")] = "coco",
    url: Annotated[str | None, typer.Option(help="Address of Label Studio.")] = None,
    token_env: Annotated[str | None, typer.Option(help="Environment variable with its token.")] = None,
    ls_project: LsProjectOption = None,
    source: Annotated[Path | None, typer.Option("--in", help="A JSON export, in place of --url.")] = None,
    config: Annotated[Path | None, typer.Option(help="Labelling config (XML) of that export.")] = None,
    project: Annotated[Path | None, typer.Option(help="Project whose names tell objects from parts.")] = None,
    images: Annotated[Path | None, typer.Option(help="Folder to fetch the images into.")] = None,
    image_host: ImageHostOption = None,
    every: Annotated[bool, typer.Option("--all", help="All annotations of a task, not the newest alone.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
) -> None:
    """Write what was submitted in Label Studio, with holes, pieces, score, level and parent of every mask.

    Masks are brushes, polygons, ellipses and bitmasks; what else was drawn is counted in the answer.
    """
    from dataclasses import asdict
    from json import dumps

    from semsam_annotate.annotations.project_config import read_config
    from semsam_annotate.api import Vocabulary
    from semsam_annotate.backend.label_studio.admin.export import with_images, write_records
    from semsam_annotate.backend.label_studio.admin.exported import read_tasks
    from semsam_annotate.backend.label_studio.admin.sources import from_file, from_label_studio
    from semsam_annotate.backend.label_studio.image_hosts import image_hosts
    from semsam_annotate.cli.serve_secrets import from_environment

    words = Vocabulary() if project is None else read_config(project / "project.toml").vocabulary()
    if (source is None) == (url is None):
        raise BadInput("give --in FILE, or --url with --token-env and --ls-project")
    if image_host and (url is None or images is None):
        raise BadInput("--image-host is for images that are fetched: give --url and --images with it")
    hosts = image_hosts(image_host or ())
    if source is not None:
        taken = from_file(source, config, words)
    else:
        taken = from_label_studio(url or "", from_environment(token_env) or "", ls_project, words, hosts)
    found = read_tasks(taken.tasks, taken.config, every)
    others = ", ".join(f"{count} {what}" for what, count in found.left.items())
    if others and not found.records:
        raise BadInput(f"nothing to export: no submitted annotation has a mask on its image, only {others}")
    records = found.records if images is None else with_images(found, images, taken.fetch)
    report = write_records(format, out, records, taken.config.vocabulary(), seen=images is not None)
    left = {"without a mask or skipped": found.skipped, "older ones of their task (--all takes them)": found.older}
    if json:
        typer.echo(dumps({**asdict(report), "skipped": found.skipped, "older": found.older, "left": found.left}))
    else:
        notes = "".join(f"; {number} annotations {what}" for what, number in left.items() if number)
        typer.echo(report.line() + notes + (f"; not carried: {others}" if others else ""))


def reconcile(
    url: UrlOption,
    token_env: TokenOption,
    project: ProjectOption = Path(),
    ls_project: LsProjectOption = None,
    image_host: ImageHostOption = None,
    json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
) -> None:
    """Take in what was submitted, changed or deleted while no server ran; a running server does it by itself.

    Exit code 1 when something waits or was put aside.
    """
    from dataclasses import asdict
    from json import dumps

    try:
        from semsam_annotate.backend.label_studio.reconcile_once import reconcile_once
    except ImportError as error:
        raise BadInput(f"this needs the extra 'serve' ({error}): pip install 'semsam-annotate[serve]'") from error
    from semsam_annotate.cli.serve_secrets import from_environment

    only = () if ls_project is None else (ls_project,)
    done = reconcile_once(project, url, from_environment(token_env) or "", only, image_host or ())
    if json:
        typer.echo(dumps(asdict(done)))
    else:
        for id, missed in done.missed.items():
            typer.echo(f"project {id}: {missed.line()}")
        if done.waiting:
            typer.echo(f"{done.waiting} wait: `semsam serve` and the next reconcile try again")
        for reason in done.delays:
            typer.echo(f"waits: {reason}", err=True)
        for reason in done.reasons:
            typer.echo(f"put aside: {reason}", err=True)
    if not done.complete:
        raise typer.Exit(1)

"""Making a Label Studio ready for a project: project, labelling config, ML backend, webhook; each only if it is not."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from semsam_annotate.api import BadInput
from semsam_annotate.backend.label_studio.admin.addresses import check_let_in, masked, webhook_address
from semsam_annotate.backend.label_studio.admin.client import LabelStudioApi, Refused
from semsam_annotate.backend.label_studio.admin.labelling import same_config, written_by_us

TITLE = "semsam-annotate"
"""Of the backend, by which it is found again when its address changed."""


@dataclass(frozen=True)
class Wanted:
    """``project``: id in Label Studio, None finds or makes the one called ``title``. ``backend``: its address with the
    secret in its path. ``replace_config``: also one that was changed by hand."""

    title: str
    config: str
    backend: str
    user: str
    password: str = field(repr=False)
    project: int | None = None
    replace_config: bool = False


@dataclass(frozen=True)
class Step:
    """What was done about one thing; ``left``: it is not as wanted, and ``detail`` says why it was let be."""

    name: Literal["project", "config", "backend", "webhook"]
    did: Literal["made", "changed", "unchanged", "left"]
    detail: str

    def line(self) -> str:
        """For a person."""
        return f"{self.name:8} {self.did:9} {self.detail}"


def set_up(
    api: LabelStudioApi, wanted: Wanted, tell: Callable[[Step], None] = lambda _: None
) -> tuple[int, list[Step]]:
    """The project's id in Label Studio and what was done, each step told as soon as it is.

    Doing it again changes nothing. BadInput when Label Studio refuses something; what was done before stays.
    """
    steps: list[Step] = []

    def done(step: Step) -> None:
        steps.append(step)
        tell(step)

    project, step = _project(api, wanted)
    done(step)
    done(_config(api, project, wanted))
    step, gone = _backend(api, project["id"], wanted)
    done(step)
    done(_webhook(api, project["id"], webhook_address(wanted.backend), gone))
    return int(project["id"]), steps


def projects_called(api: LabelStudioApi, title: str) -> list[dict[str, Any]]:
    """Those of exactly this title, oldest first."""
    found = [row for row in api.pages("/api/projects", {"title": title}) if row.get("title") == title]
    return sorted(found, key=lambda row: int(row["id"]))


def _project(api: LabelStudioApi, wanted: Wanted) -> tuple[dict[str, Any], Step]:
    if wanted.project is not None:
        known: dict[str, Any] = api.get(f"/api/projects/{wanted.project}/")
        return known, Step("project", "unchanged", f"{known['id']}: {known['title']}")
    found = projects_called(api, wanted.title)
    if len(found) > 1:
        ids = ", ".join(str(row["id"]) for row in found)
        raise BadInput(f"Label Studio has several projects called {wanted.title!r}: choose with --ls-project ({ids})")
    if found:
        return found[0], Step("project", "unchanged", f"{found[0]['id']}: {found[0]['title']}")
    # prelabels cover the image: a click on one selects it and asks for nothing
    body = {"title": wanted.title, "label_config": wanted.config, "show_collab_predictions": False}
    made: dict[str, Any] = api.post("/api/projects", body)
    return made, Step("project", "made", f"{made['id']}: {made['title']}")


def _config(api: LabelStudioApi, project: dict[str, Any], wanted: Wanted) -> Step:
    there = str(project.get("label_config") or "")
    labels = f"{wanted.config.count('<Label ') // 3} labels"
    if same_config(there, wanted.config):
        return Step("config", "unchanged", labels)
    empty = there.strip() in ("", "<View></View>", "<View/>")
    if not (empty or wanted.replace_config or written_by_us(there)):
        return Step(
            "config", "left", "it was written or changed by hand: --replace-config puts the project's in its place"
        )
    try:
        api.patch(f"/api/projects/{project['id']}/", {"label_config": wanted.config})
    except Refused as error:
        said = error.fields.get("label_config") or error.detail
        raise BadInput(f"Label Studio keeps its labelling config, since annotations need it: {said}") from error
    return Step("config", "changed", labels)


def _backend(api: LabelStudioApi, project: int, wanted: Wanted) -> tuple[Step, str | None]:
    """And the address that the backend had before, if it had another."""
    there = api.get("/api/ml", {"project": project})
    same = [row for row in there if row["url"].rstrip("/") == wanted.backend.rstrip("/")]
    ours = (same or [row for row in there if row.get("title") == TITLE] or [None])[0]
    shown = masked(wanted.backend)
    if ours is not None and _as_wanted(ours, wanted):
        return Step("backend", "unchanged", f"{shown} answers with model {ours.get('model_version')}"), None
    check_let_in(api, wanted.backend)
    body = {
        "url": wanted.backend, "project": project, "title": TITLE, "is_interactive": True,
        "auth_method": "BASIC_AUTH", "basic_auth_user": wanted.user, "basic_auth_pass": wanted.password,
    }  # fmt: skip
    try:
        row = api.post("/api/ml", body) if ours is None else api.patch(f"/api/ml/{ours['id']}", body)
    except Refused as error:
        raise BadInput(_cannot_reach(error, shown)) from error
    before = None if ours is None or ours["url"] == wanted.backend else str(ours["url"])
    return Step("backend", "made" if ours is None else "changed", f"{shown} {_others(there, row)}".strip()), before


def _as_wanted(row: dict[str, Any], wanted: Wanted) -> bool:
    """The password cannot be read back: with a wrong one the backend would not be connected."""
    said = (row["url"], row["is_interactive"], row["auth_method"], row["basic_auth_user"], row["state"])
    return said == (wanted.backend, True, "BASIC_AUTH", wanted.user, "CO")


def _others(there: list[dict[str, Any]], ours: dict[str, Any]) -> str:
    """Label Studio asks only the first interactive backend of a project."""
    first = next((row for row in there if row["is_interactive"] and row["id"] != ours["id"]), None)
    if first is None or first["id"] > ours["id"]:
        return ""
    return f"but clicks go to the interactive backend {first['title']!r} before it: switch that off in Label Studio"


def _cannot_reach(error: Refused, shown: str) -> str:
    said = " ".join(error.fields.values())
    if "authentication parameters" in said:
        return f"{shown} refuses the password: give the --project that it serves, or its --basic-auth-env"
    if "health check failed" in said:
        return f"Label Studio cannot reach {shown}: start `semsam serve --project DIR` there, then repeat this"
    if "valid ML backend" in said:
        return f"{shown} answers Label Studio, but not as this project's server: {said[:200]}"
    return str(error).replace(shown, masked(shown))


def _webhook(api: LabelStudioApi, project: int, address: str, replaced: str | None) -> Step:
    """Label Studio makes one for a new backend, none for one that moved, and never takes one away."""
    there = api.get("/api/webhooks/", {"project": project})
    old = None if replaced is None else webhook_address(replaced)
    for row in there:
        if row["url"] == old:
            api.delete(f"/api/webhooks/{row['id']}/")
    found = next((row for row in there if row["url"] == address), None)
    body = {"url": address, "project": project, "send_payload": True, "send_for_all_actions": True, "is_active": True}
    if found is None:
        api.post("/api/webhooks/", body)
        return Step("webhook", "made", masked(address))
    if all(found.get(key) is True for key in ("send_payload", "send_for_all_actions", "is_active")):
        return Step("webhook", "unchanged", masked(address))
    api.patch(f"/api/webhooks/{found['id']}/", body)
    return Step("webhook", "changed", masked(address))

"""Addresses of our server as Label Studio is told them, and whether Label Studio lets them in."""

from semsam_annotate.api import BadInput
from semsam_annotate.backend.label_studio.admin.client import LabelStudioApi, Refused
from semsam_annotate.backend.label_studio.connections import origin_of

HOOK = "/hook/"


def backend_address(url: str, secret: str) -> str:
    """Where Label Studio finds the backend: with the secret in its path, unless it is there already."""
    origin = origin_of(url)
    return f"{origin}/" if HOOK in origin else f"{origin}{HOOK}{secret}/"


def webhook_address(backend: str) -> str:
    """Where annotation webhooks of a backend go, as Label Studio itself makes it."""
    return backend.rstrip("/") + "/webhook"


def masked(address: str) -> str:
    """Without the secret, for a person to read."""
    head, hook, rest = address.partition(HOOK)
    return f"{head}{hook}…{'/webhook' if rest.endswith('/webhook') else '/'}" if hook else address


def refuses_backend(api: LabelStudioApi, address: str) -> str:
    """Why Label Studio takes no backend at an address, before it even calls there; empty when it would.

    Asked with a project that cannot be, so nothing is made.
    """
    return _refused(api, "/api/ml", {"url": address, "project": 0}, "ML_BLOCK_LOCAL_IP")


def refuses_webhook(api: LabelStudioApi, address: str) -> str:
    """The same for a webhook, asked with an action that cannot be."""
    body = {"url": address, "project": 0, "actions": ["NONE"]}
    return _refused(api, "/api/webhooks/", body, "SSRF_PROTECTION_ENABLED")


def check_let_in(api: LabelStudioApi, backend: str) -> None:
    """BadInput, with the setting to change, when Label Studio takes no backend or no webhook at our address."""
    refusal = refuses_backend(api, backend) or refuses_webhook(api, webhook_address(backend))
    if refusal:
        raise BadInput(f"Label Studio refuses {masked(backend)}: {refusal}")


def _refused(api: LabelStudioApi, path: str, body: dict[str, object], setting: str) -> str:
    try:
        api.post(path, body)
    except Refused as error:
        said = error.fields.get("url", "" if error.fields else error.detail)
        if "reserved network" in said:
            return f"{said}; start Label Studio with {setting}=false"
        if "resolve" in said:
            return f"{said}; give an address that Label Studio's machine knows"
        if error.status in (401, 403):
            raise
        return said
    raise BadInput(f"Label Studio took what it should have refused at {path}: update semsam-annotate")

"""Is Label Studio there, does it know us, does it let us in: what needs no project of it."""

import re
from collections.abc import Iterator

from semsam_annotate.backend.label_studio.admin.addresses import refuses_backend, refuses_webhook, webhook_address
from semsam_annotate.backend.label_studio.admin.check import Check, failing_as, well
from semsam_annotate.backend.label_studio.admin.client import LabelStudioApi, Refused, Unreachable
from semsam_annotate.backend.label_studio.connections import is_this_machine

TESTED = "1.23"
OLDEST = (1, 13)
"""The first with personal access tokens is 1.18; before 1.13 webhooks and interactive backends differ."""
SKEW_SECONDS = 30.0


def examine_studio(api: LabelStudioApi, backend: str) -> Iterator[Check]:
    """Address, version, token, clock, and the settings that keep ``backend`` (its address) out.

    Ends early when nobody answers, or nobody who knows the token.
    """
    reached = list(_address(api))
    yield from reached
    if reached[0].state != "ok":
        return
    known = list(_token(api))
    yield from known
    if known[0].state == "blocks":
        return
    yield from _version(api)
    yield from _clock(api)
    yield from _settings(api, backend)


def _address(api: LabelStudioApi) -> Iterator[Check]:
    try:
        up = api.open("/health").get("status") == "UP"
    except Unreachable as error:
        yield Check("address", "blocks", str(error), "start Label Studio, or give its address as --url")
        return
    except (Refused, AttributeError):
        up = False
    if not up:
        yield Check("address", "blocks", f"{api.origin} is up, but is no Label Studio", "give its address as --url")
    elif api.origin.startswith("http://") and not is_this_machine(api.origin):
        detail = f"{api.origin} answers, but tokens and images travel unencrypted"
        yield Check("address", "ok", detail, "put Label Studio behind TLS")
    else:
        yield well("address", f"{api.origin} answers")


@failing_as("version", "")
def _version(api: LabelStudioApi) -> Iterator[Check]:
    release = str(api.get("/api/version/").get("release"))
    number = re.match(r"(\d+)\.(\d+)", release)
    if number is not None and tuple(map(int, number.groups())) < OLDEST:
        yield Check("version", "blocks", f"Label Studio {release}", f"update it: tested with {TESTED}")
    elif not release.startswith(TESTED + "."):
        yield Check("version", "warning", f"Label Studio {release}, tested with {TESTED}", f"prefer {TESTED}")
    else:
        yield well("version", f"Label Studio {release}")


@failing_as("token", "take one from Account & Settings, and allow its kind under Organization, Access Token Settings")
def _token(api: LabelStudioApi) -> Iterator[Check]:
    who = str(api.get("/api/current-user/whoami").get("email"))
    kinds = {"legacy": "legacy token", "refresh": "personal access token", "access": "access token"}
    if api.kind == "access":
        remedy = "give the personal access token that it was made from"
        yield Check("token", "warning", f"access token of {who}: it ends within five minutes", remedy)
    else:
        yield well("token", f"{kinds[api.kind]} of {who}")
    try:
        legacy = api.get("/api/jwt/settings").get("legacy_api_tokens_enabled")
    except Refused:
        return  # only administrators may know
    if legacy is False:
        detail = "Label Studio tells backends a legacy token for its images, and takes none itself"
        yield Check("token", "warning", detail, "start semsam serve with --label-studio-token-env and a personal token")


def _clock(api: LabelStudioApi) -> Iterator[Check]:
    ahead = api.skew
    if abs(ahead) <= SKEW_SECONDS:
        yield well("clock", f"within {SKEW_SECONDS:.0f} s of this machine's")
        return
    detail = f"Label Studio's is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} this machine's"
    yield Check("clock", "warning", detail, "synchronise both (NTP): access tokens are valid for 300 s")


@failing_as("settings", "")
def _settings(api: LabelStudioApi, backend: str) -> Iterator[Check]:
    """Two settings of Label Studio, on since 1.23.1, each asked by what it refuses."""
    for setting, what, refusal in (
        ("ML_BLOCK_LOCAL_IP", "backends", refuses_backend(api, backend)),
        ("SSRF_PROTECTION_ENABLED", "webhooks", refuses_webhook(api, webhook_address(backend))),
    ):
        detail, _, remedy = refusal.partition("; ")
        if refusal:
            yield Check("settings", "blocks", f"no {what} at the server's address: {detail}", remedy)
        else:
            yield well("settings", f"{setting} lets {what} at the server's address in")

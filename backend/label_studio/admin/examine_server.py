"""Is our server there, does it know its password, does its webhook path work: asked from this machine."""

from collections.abc import Iterator
from typing import Any

import httpx

from semsam_annotate.backend.label_studio.admin.addresses import masked, webhook_address
from semsam_annotate.backend.label_studio.admin.check import Check, well

_TIMEOUT = httpx.Timeout(10.0, connect=5.0)
HARMLESS = {"action": "PROJECT_UPDATED"}
"""A webhook of which nothing is kept."""


class Server:
    """Our server at the address that Label Studio is told, with its basic auth."""

    def __init__(self, address: str, basic: tuple[str, str]) -> None:
        self.address, self._auth = address, basic
        self.capabilities: tuple[str, ...] | None = None
        """What the engine can do, None until ``examine`` could ask it."""

    def examine(self) -> Iterator[Check]:
        """Reachability, password, engine, webhook path."""
        with httpx.Client(timeout=_TIMEOUT, trust_env=False, follow_redirects=False) as client:
            try:
                yield from self._examine(client)
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                detail = f"{masked(self.address)} cannot be reached: {str(error) or type(error).__name__}"
                yield Check(
                    "server", "blocks", detail, "start semsam serve --project DIR, or give its --backend address"
                )

    def _examine(self, client: httpx.Client) -> Iterator[Check]:
        health = client.get(f"{self.address}health", auth=self._auth)
        refusals = {401: "refuses the password", 404: "does not know the secret in its path, or is no semsam serve"}
        if health.status_code in refusals:
            remedy = "give the --project that it serves, or --basic-auth-env with what it was started with"
            yield Check("server", "blocks", f"{masked(self.address)} {refusals[health.status_code]}", remedy)
            return
        if not health.is_success or _json(health).get("status") != "UP":
            remedy = "give the address of semsam serve as --backend"
            yield Check("server", "blocks", f"{masked(self.address)} is no semsam serve", remedy)
            return
        info = _json(client.get(f"{self.address}v1/info", auth=self._auth))
        self.capabilities = tuple(str(item) for item in info.get("capabilities") or ())
        yield well("server", f"{masked(self.address)} answers: {info.get('name')} {info.get('version')}")
        yield from _news(_json(health).get("webhooks"))
        yield self._webhook(client)

    def _webhook(self, client: httpx.Client) -> Check:
        """As Label Studio sends it: without any auth, by the secret path."""
        answer = client.post(webhook_address(self.address), json=HARMLESS)
        if answer.is_success:
            return well("webhook", "its secret path takes annotations")
        if answer.status_code == 401:
            remedy = "give the --project that it serves, or a --backend address with /hook/SECRET/"
            return Check("webhook", "blocks", "its secret path is refused: annotations would be lost silently", remedy)
        detail = f"it answers {answer.status_code}: {_json(answer).get('error')}"
        return Check("webhook", "blocks", detail, "start semsam serve with --project DIR")


def _news(counts: Any) -> Iterator[Check]:
    failed = counts.get("failed") if isinstance(counts, dict) else None
    if isinstance(failed, int) and failed:
        remedy = "see the reasons in label-studio/webhooks.sqlite of the project and in the server's log"
        yield Check("webhook", "warning", f"{failed} webhooks could not be applied", remedy)


def _json(answer: httpx.Response) -> dict[str, Any]:
    try:
        value = answer.json()
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}

"""Who may call a server: what the operator gave, or secrets that are made, kept in the project and shown once."""

import ipaddress
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from semsam_annotate.annotations.files import write_atomically
from semsam_annotate.api import BadInput

if TYPE_CHECKING:
    from semsam_annotate.backend.auth import Credentials

FILE = "serve-secrets.json"


@dataclass(frozen=True)
class Given:
    """What the command line says: texts, or names of environment variables that hold them."""

    token: str | None = None
    token_env: str | None = None
    basic_auth: str | None = None
    basic_auth_env: str | None = None

    @property
    def nothing(self) -> bool:
        """Whether secrets have to be made."""
        return not any((self.token, self.token_env, self.basic_auth, self.basic_auth_env))


def check_host(host: str, given: Given) -> None:
    """BadInput for an address that other machines reach unless the operator gave the credentials."""
    if given.nothing and not is_this_machine(host):
        raise BadInput(
            f"--host {host} lets other machines in: give --token-env NAME or --basic-auth-env NAME, the environment "
            "variable that holds the secret; without them the server listens on 127.0.0.1 only"
        )


def is_this_machine(host: str) -> bool:
    """Whether only this machine reaches an address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def credentials(given: Given, project: Path | None) -> tuple["Credentials", bool]:
    """Who may call, and whether the secrets in it were made now and have to be shown."""
    from semsam_annotate.backend.auth import Credentials

    token = given.token if given.token is not None else from_environment(given.token_env)
    pair = given.basic_auth if given.basic_auth is not None else from_environment(given.basic_auth_env)
    user, _, password = (pair or "").partition(":")
    kept, fresh = kept_secrets(project)
    made = kept["token"] if token is None and pair is None else token
    basic = None if pair is None else (user, password)
    return Credentials(token=made, basic=basic, hook_secret=kept["hook_secret"]), fresh


def from_environment(name: str | None) -> str | None:
    """The value of a variable, taken out of the environment so that child processes do not inherit it."""
    if name is None:
        return None
    value = os.environ.pop(name, "")
    if not value:
        raise BadInput(f"the environment variable {name} is empty or not set")
    return value


def kept_secrets(project: Path | None) -> tuple[dict[str, str], bool]:
    """Token and webhook secret, and whether they were made now.

    Kept in the project, readable by its owner only, so that a restart keeps them.
    """
    made = {"token": secrets.token_urlsafe(24), "hook_secret": secrets.token_urlsafe(24)}
    if project is None or not project.is_dir():
        return made, True
    path = project / FILE
    if path.exists():
        return _read_secrets(path, made), False
    write_atomically(path, json.dumps(made).encode("utf-8"), 0o600)
    return made, True


def _read_secrets(path: Path, keys: dict[str, str]) -> dict[str, str]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        return {key: str(value[key]) for key in keys}
    except (ValueError, KeyError, TypeError) as error:
        raise BadInput(f"{path} is damaged: delete it and new secrets are made") from error

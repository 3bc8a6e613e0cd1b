"""What kind of token Label Studio was given: it wants each in another way."""

import base64
import json
from typing import Literal, TypeAlias

TokenKind: TypeAlias = Literal["legacy", "refresh", "access"]
"""``legacy``: sent as ``Token …``. ``refresh``: a personal access token, exchanged for an ``access`` token, sent as
``Bearer …`` and valid for minutes."""


def token_kind(token: str) -> TokenKind:
    """By its form: a JWT says what it is, anything else is a legacy token."""
    parts = token.split(".")
    if len(parts) != 3:
        return "legacy"
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        return "access" if claims.get("token_type") == "access" else "refresh"
    except (ValueError, AttributeError):
        return "legacy"

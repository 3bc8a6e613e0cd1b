"""What an examination of a Label Studio says about one thing."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from typing import Literal, ParamSpec

from semsam_annotate.api import BadInput

P = ParamSpec("P")
SIGNS = {"ok": "✓", "warning": "!", "blocks": "✗"}


@dataclass(frozen=True)
class Check:
    """``blocks``: annotators cannot work until it is mended. ``remedy``: how to, empty when it is well."""

    name: str
    state: Literal["ok", "warning", "blocks"]
    detail: str
    remedy: str = ""

    def line(self) -> str:
        """For a person."""
        return f"{SIGNS[self.state]} {self.name:9} {self.detail}{f'  → {self.remedy}' if self.remedy else ''}"


def well(name: str, detail: str) -> Check:
    """Nothing to do."""
    return Check(name, "ok", detail)


def failing_as(name: str, remedy: str) -> Callable[[Callable[P, Iterator[Check]]], Callable[P, Iterator[Check]]]:
    """Make a check whose question cannot be answered say so, instead of ending the examination."""

    def around(check: Callable[P, Iterator[Check]]) -> Callable[P, Iterator[Check]]:
        @wraps(check)
        def safe(*arguments: P.args, **named: P.kwargs) -> Iterator[Check]:
            try:
                yield from check(*arguments, **named)
            except BadInput as error:
                yield Check(name, "blocks", " ".join(str(error).split()), remedy)

        return safe

    return around

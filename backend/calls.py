"""The engine's calls that run or wait, by the names that clients gave them."""

from collections import OrderedDict

from semsam_annotate.api import BadInput, CancelToken

LONGEST = 64
"""Characters of a call's name."""
REMEMBERED = 256
"""Names cancelled before their call arrived; it may be on its way on another connection."""


class RunningCalls:
    """Tokens to cancel calls by. Used from the event loop only."""

    def __init__(self) -> None:
        self._tokens: dict[str, CancelToken] = {}
        self._early: OrderedDict[str, None] = OrderedDict()

    def start(self, name: str | None) -> CancelToken:
        """A token for a call, which may have no name; BadInput when a call of that name is under way."""
        token = CancelToken()
        if name is None:
            return token
        if not 0 < len(name) <= LONGEST or name in self._tokens:
            raise BadInput(f'"request" names one call, with 1 to {LONGEST} characters that no running call has')
        self._tokens[name] = token
        if name in self._early:
            del self._early[name]
            token.cancel()
        return token

    def end(self, name: str | None) -> None:
        """The call is over."""
        self._tokens.pop(name or "", None)

    def cancel(self, name: str) -> bool:
        """Cancel a call; False when none of that name runs, but then one that comes later ends at once."""
        token = self._tokens.get(name)
        if token is None:
            self._early[name[:LONGEST]] = None
            while len(self._early) > REMEMBERED:
                self._early.popitem(last=False)
            return False
        token.cancel()
        return True

"""What was suggested, remembered until it is accepted: a region keeps its id when an annotator accepts it."""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from threading import Lock

from semsam_annotate.api import Ladder, Prompt, Proposal
from semsam_annotate.backend.label_studio.regions import Candidate


@dataclass(frozen=True)
class Suggestion:
    """The proposal behind a region, with the ladder and the prompt it came from where there were any.

    ``kept`` makes proposals that hold their masks as runs, a few hundred bytes, and no pixels.
    """

    proposal: Proposal
    ladder: Ladder | None = None
    prompt: Prompt | None = None


class Issued:
    """The last ``capacity`` suggestions by region id; a restart forgets them and loses only these extras."""

    def __init__(self, capacity: int = 2048) -> None:
        self._capacity, self._lock = capacity, Lock()
        self._by_id: OrderedDict[str, Suggestion] = OrderedDict()

    def put(self, suggestions: Iterable[tuple[str, Suggestion]]) -> None:
        """Remember suggestions by region id."""
        with self._lock:
            self._by_id.update(suggestions)
            while len(self._by_id) > self._capacity:
                self._by_id.popitem(last=False)

    def get(self, region: str) -> Suggestion | None:
        """The suggestion of that region id."""
        with self._lock:
            return self._by_id.get(region)


def kept(candidates: Sequence[Candidate], ladder: Ladder | None, prompt: Prompt | None) -> list[tuple[str, Suggestion]]:
    """Suggestions for the regions of candidates."""
    light = None if ladder is None else Ladder.from_json(ladder.to_json())
    by_id = {} if light is None else {proposal.id: proposal for proposal in light}
    found = []
    for candidate in candidates:
        proposal = by_id.get(candidate.proposal.id) or Proposal.from_json(candidate.proposal.to_json())
        found.append((candidate.id, Suggestion(proposal, light, prompt)))
    return found

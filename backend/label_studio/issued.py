"""What was suggested, remembered until it is accepted: a region keeps its id when an annotator accepts it."""

from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock, Semaphore

from semsam_annotate.api import Ladder, Prompt, Proposal
from semsam_annotate.backend.label_studio.regions import Candidate

AT_ONCE = 8
"""Answers whose masks are held as pixels."""


@dataclass(frozen=True)
class Suggestion:
    """The proposal behind a region, with the ladder and the prompt it came from where there were any.

    Its proposals hold their masks as runs, a few hundred bytes, and no pixels.
    """

    proposal: Proposal
    ladder: Ladder | None = None
    prompt: Prompt | None = None


class Issued:
    """The last ``capacity`` suggestions by region id; a restart forgets them and loses only these extras."""

    def __init__(self, capacity: int = 2048) -> None:
        self._capacity, self._lock = capacity, Lock()
        self._by_id: OrderedDict[str, Future[dict[str, Suggestion]]] = OrderedDict()
        self._thread, self._room = ThreadPoolExecutor(1, thread_name_prefix="issued"), Semaphore(AT_ONCE)

    def put(self, candidates: Sequence[Candidate], ladder: Ladder | None, prompt: Prompt | None) -> None:
        """Remember what is suggested; in a thread of its own, since the runs of large masks take as long as a click.

        Waits when very many masks wait there, so that they do not fill the memory.
        """
        self._room.acquire()
        made = self._thread.submit(_light, candidates, ladder, prompt)
        made.add_done_callback(lambda _: self._room.release())
        with self._lock:
            self._by_id.update({candidate.id: made for candidate in candidates})
            while len(self._by_id) > self._capacity:
                self._by_id.popitem(last=False)

    def get(self, region: str) -> Suggestion | None:
        """The suggestion of that region id."""
        with self._lock:
            made = self._by_id.get(region)
        return None if made is None else made.result()[region]


def _light(candidates: Sequence[Candidate], ladder: Ladder | None, prompt: Prompt | None) -> dict[str, Suggestion]:
    """Suggestions by region id."""
    light = None if ladder is None else Ladder.from_json(ladder.to_json())
    by_id = {} if light is None else {proposal.id: proposal for proposal in light}
    found = {}
    for candidate in candidates:
        proposal = by_id.get(candidate.proposal.id) or Proposal.from_json(candidate.proposal.to_json())
        found[candidate.id] = Suggestion(proposal, light, prompt)
    return found

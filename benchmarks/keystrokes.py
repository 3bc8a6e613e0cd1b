"""What a person's work costs: the keystroke-level model.

Card, Moran & Newell, "The keystroke-level model for user performance time with interactive systems", CACM 23 (7), 1980:
K a key, P pointing with a mouse, B a mouse button pressed or released, H a hand between mouse and keyboard, M making up
one's mind. The machine's answers are not counted: they are the same for everything that is compared here.
"""

from collections import Counter
from collections.abc import Mapping

SECONDS = {"K": 0.2, "P": 1.1, "B": 0.1, "H": 0.4, "M": 1.35}
"""Seconds of an operator; K is that of an average skilled typist."""
TYPISTS = {"good typist": 0.12, "average skilled typist": 0.2, "average non-secretary typist": 0.28}
"""Seconds of K."""


def seconds(counts: Mapping[str, float], key: float = SECONDS["K"]) -> float:
    """Of counted operators, with another typist's K."""
    return sum((key if name == "K" else each) * counts[name] for name, each in SECONDS.items())


class Hand:
    """One hand, at the mouse or at the keyboard, and the operators it took; modifiers are held with the other one."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.actions = 0
        self._at_mouse = True

    def copy(self) -> "Hand":
        """As it is now; what it does from here on counts for itself."""
        other = Hand()
        other.counts, other.actions, other._at_mouse = self.counts.copy(), self.actions, self._at_mouse
        return other

    def facts(self) -> dict[str, float]:
        """Its actions, and every operator with its number."""
        return {"actions": float(self.actions), **{name: float(self.counts[name]) for name in SECONDS}}

    def think(self) -> None:
        """Look at what is shown and make up one's mind."""
        self.counts["M"] += 1

    def click(self, modifier: bool = False) -> None:
        """Point and click, with Shift or Alt held if ``modifier``."""
        self._go(mouse=True)
        self.actions += 1
        self.counts.update({"P": 1, "B": 2, "K": int(modifier)})

    def press(self) -> None:
        """One key."""
        self._go(mouse=False)
        self.actions += 1
        self.counts["K"] += 1

    def stroke(self) -> None:
        """Point at the beginning, press, draw to the end, let go."""
        self._go(mouse=True)
        self.actions += 1
        self.counts.update({"P": 2, "B": 2})

    def _go(self, mouse: bool) -> None:
        self.counts["H"] += int(mouse != self._at_mouse)
        self._at_mouse = mouse

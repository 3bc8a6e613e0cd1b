"""The gate's verdict on a new model, in a person's words."""

import re
from dataclasses import dataclass
from typing import Any

from semsam_annotate.api.errors import DAMAGED

NAMES = {
    "oracle": "masks",
    "label_object_top1_macro": "object names",
    "label_part_top1_macro": "part names",
}
"""What the gate compares, and what it is called here."""

Difference = tuple[float, float, float]
"""New minus old in points, and its 95 % interval."""


@dataclass(frozen=True)
class Verdict:
    """``version``: of the new model, ``better``: whether the gate lets it through, and why (not); ``lost``: points of
    the masks on earlier pictures; ``held_back``: masks that it was judged by; ``promoted``: whether it serves since."""

    version: str
    better: bool
    reasons: tuple[str, ...]
    differences: dict[str, Difference]
    lost: float
    held_back: int
    promoted: bool = False

    @classmethod
    def read(cls, report: dict[str, Any]) -> "Verdict | None":
        """From the report of a retraining; None when it is none."""
        try:
            found = report["differences"]
            differences = {NAMES.get(key, key): _difference(value) for key, value in found.items() if value is not None}
            reasons = tuple(_plain(str(reason)) for reason in report["reasons"])
            figures = float(report["replay_loss"]), int(report["validation_masks"])
            return cls(
                str(report["version"]),
                bool(report["promote"]),
                reasons,
                differences,
                *figures,
                bool(report.get("promoted")),
            )
        except DAMAGED:
            return None

    @property
    def headline(self) -> str:
        """The verdict in a few words."""
        return "The new model is better" if self.better else "The new model is not shown to be better"

    @property
    def in_short(self) -> str:
        """What became of the new model and why, in one sentence."""
        if self.promoted:
            became = "The new model serves" if self.better else "The new model serves, since a person wanted it to"
        else:
            became = "The new model waits for a person" if self.better else "The model before it goes on serving"
        return f"{became}: {'; '.join(self.reasons) or 'nothing was written down'}."

    @property
    def sentence(self) -> str:
        """What was compared, with every figure."""
        figures = [f"{name} {_words(difference)}" for name, difference in self.differences.items()]
        where = f"On {self.held_back} held-back mask{'' if self.held_back == 1 else 's'}"
        told = ", ".join(figures) or "nothing can be compared"
        return _signed(f"{where}: {told}; on earlier pictures {-self.lost:+.1f}. Points, with 95 % intervals.")


def _difference(value: Any) -> Difference:
    middle, low, high = (float(number) for number in value)
    return middle, low, high


def _words(difference: Difference) -> str:
    middle, low, high = difference
    return f"{middle:+.1f} [{low:+.1f}, {high:+.1f}]"


def _plain(reason: str) -> str:
    """A reason of the gate with a person's names for what it speaks of."""
    told = {"mean oracle on the replay set": "the score on earlier pictures", "validation": "held-back", **NAMES}
    return _signed(re.sub("|".join(sorted(told, key=len, reverse=True)), lambda found: told[found[0]], reason))


def _signed(text: str) -> str:
    """With minus signs, which unlike hyphens are no place to break a line."""
    return re.sub(r"(?<![\w])-(?=\d)", "−", text)

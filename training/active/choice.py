"""The strategies there are, and the one that is meant when none is named."""

from semsam_annotate.api import BadInput
from semsam_annotate.training.active.at_random import Random
from semsam_annotate.training.active.clasp import Clasp
from semsam_annotate.training.active.disagreement import Disagreement
from semsam_annotate.training.active.diverse import Diverse
from semsam_annotate.training.active.entropy import Entropy
from semsam_annotate.training.active.foreground import Foreground
from semsam_annotate.training.active.strategy import Strategy

STRATEGIES: tuple[Strategy, ...] = (Random(), Foreground(), Entropy(), Disagreement(), Diverse(), Clasp())
DEFAULT = "foreground"
"""Until something is measured to beat it with its whole interval (docs/active-learning.md)."""


def strategy_named(name: str) -> Strategy:
    """The strategy of a name; BadInput names those there are."""
    for strategy in STRATEGIES:
        if strategy.name == name:
            return strategy
    raise BadInput(f"no strategy {name!r}: there are {', '.join(one.name for one in STRATEGIES)}")

"""What to label next: features of images that are not labelled, and the strategies that order them."""

from semsam_annotate.training.active.candidate import Candidate, Guess
from semsam_annotate.training.active.choice import DEFAULT, STRATEGIES, strategy_named
from semsam_annotate.training.active.strategy import Moment, Strategy

__all__ = ["DEFAULT", "STRATEGIES", "Candidate", "Guess", "Moment", "Strategy", "strategy_named"]

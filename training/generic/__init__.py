"""Training of the generic branch: matching and losses of queries that find everything of a vocabulary."""

from semsam_annotate.training.generic.branch import with_generic_branch
from semsam_annotate.training.generic.criterion import GenericCriterion
from semsam_annotate.training.generic.matcher import match_generic
from semsam_annotate.training.generic.names import Found, name_logits, named_targets

__all__ = ["Found", "GenericCriterion", "match_generic", "name_logits", "named_targets", "with_generic_branch"]

"""Which rung is meant: candidates from the network and from the image's regions, and a score that ranks them all."""

from semsam_annotate.model.ranking.features import Rungs, feature_count, rung_features
from semsam_annotate.model.ranking.ranker import Ranker
from semsam_annotate.model.ranking.regions import Regions, find_regions

__all__ = ["Ranker", "Regions", "Rungs", "feature_count", "find_regions", "rung_features"]

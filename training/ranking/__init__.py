"""Fitting the ranker of a finished network, which chooses and orders the rungs of its ladders."""

from semsam_annotate.training.ranking.fit import FitSettings, fitted
from semsam_annotate.training.ranking.gather import GatherSettings, Samples, gather

__all__ = ["FitSettings", "GatherSettings", "Samples", "fitted", "gather"]

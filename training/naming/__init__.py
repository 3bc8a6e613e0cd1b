"""Fitting the class heads of a finished network to what its queries look like, once that is written down."""

from semsam_annotate.training.naming.fit import NamingSettings, fit_names
from semsam_annotate.training.naming.gather import NamedStates, gather
from semsam_annotate.training.naming.weights import name_weights_anew

__all__ = ["NamedStates", "NamingSettings", "fit_names", "gather", "name_weights_anew"]

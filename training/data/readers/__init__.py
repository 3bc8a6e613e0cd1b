"""Data sets of every layout that we read, as one kind of record."""

from semsam_annotate.training.data.readers.data_set import DataSet
from semsam_annotate.training.data.readers.recognise import open_data

__all__ = ["DataSet", "open_data"]

"""Accepted masks with what reviewers want changed of them."""

from collections.abc import Sequence

from semsam_annotate.annotations import Annotation
from semsam_annotate.annotations.people.reviews import reviewed
from semsam_annotate.annotations.reviewing import CHANGES
from semsam_annotate.annotations.store import AnnotationStore
from semsam_annotate.napari.state.accepted import AcceptedMask


def remarked(store: AnnotationStore, records: Sequence[Annotation]) -> list[AcceptedMask]:
    """Views of records of one image; the store is asked only where changes are requested."""
    shas = {record.image.sha256 for record in records if record.review == CHANGES}
    remarks = {one.id: one.comment for sha256 in shas for one in reviewed(store, CHANGES, sha256=sha256)}
    return [AcceptedMask.of(record, remarks.get(record.id)) for record in records]

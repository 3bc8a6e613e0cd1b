"""Vocabularies of data sets, and many as one."""

from collections.abc import Iterable, Sequence

from semsam_annotate.api import Vocabulary


def owners_vocabulary(objects: Sequence[str], parts: Sequence[tuple[str | None, str]]) -> Vocabulary:
    """A vocabulary, sorted, of object names and of parts as (object or None, bare name)."""
    owners: dict[str, set[str]] = {}
    for owner, part in parts:
        owners.setdefault(part, set()).update({owner} if owner else ())
    anyones = {part for owner, part in parts if owner is None}
    return Vocabulary(
        objects=sorted({*objects, *(owner for owner, _ in parts if owner)}),
        parts=sorted(owners),
        owners={part: sorted(known) for part, known in owners.items() if known and part not in anyones},
    )


def merge_vocabularies(vocabularies: Iterable[Vocabulary]) -> Vocabulary:
    """All names of some data sets, sorted; who owns a part joins, and what fits any object in one set fits any."""
    listed = list(vocabularies)
    parts: list[tuple[str | None, str]] = []
    for vocabulary in listed:
        owners = dict(vocabulary.owners)
        parts += [(owner, part) for part in vocabulary.parts for owner in owners.get(part) or (None,)]
    return owners_vocabulary([name for vocabulary in listed for name in vocabulary.objects], parts)

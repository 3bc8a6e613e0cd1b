"""The list of a project's masks that are probably wrong, whoever made them."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

from semsam_annotate.annotations.connection import transaction
from semsam_annotate.annotations.outgoing import Light, Stored, image_batches
from semsam_annotate.annotations.project import Project
from semsam_annotate.annotations.reviewing import APPROVED, CHANGES, Word, last_word, say
from semsam_annotate.annotations.suspicions import KINDS, Doubts, Kind, Suspicion, suspect, usual_parts
from semsam_annotate.api import BadInput, Engine


def suspects(
    project: Project,
    engine: Engine,
    kinds: Sequence[Kind] = KINDS,
    limit: int | None = None,
    doubts: Doubts | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Suspicion]:
    """Doubts about accepted masks of plain images, surest first; ``limit``: images, those with most masks first.

    Nothing is written. BadInput when an image's file is gone or has changed.
    """
    rows = _named(project)
    usual = usual_parts((row.id, row.object, row.part, row.part_of) for row in rows)
    counts = Counter(row.sha256 for row in rows)
    chosen = sorted(counts, key=lambda sha: (-counts[sha], sha))[:limit]
    refs = {ref.sha256: ref for ref in project.store.images()}
    found: list[Suspicion] = []
    for number, sha in enumerate(chosen, start=1):
        records = [record for record in project.store.annotations(image=sha) if not record.plane]
        found += suspect(project.read(refs[sha]), records, engine, project.vocabulary(), usual, doubts, kinds)
        if progress is not None:
            progress(number, len(chosen))
    return sorted(found, key=lambda one: -one.sure)


def request_changes(project: Project, found: Sequence[Suspicion], author: str | None) -> list[str]:
    """Ask for changes of these masks, with all that the engine says of each; a line on every one that is left alone.

    Those are the approved ones, which a person has decided about, those that wait for changes already, and those that
    are no longer accepted.
    """
    doubts: dict[str, list[str]] = defaultdict(list)
    for one in found:
        doubts[one.mask].append(f"{one.kind}: {one.says}")
    left = []
    with transaction(project.store.engine, write=True) as connection:
        for id, said in doubts.items():
            state = last_word(connection, id).state
            if state in (APPROVED, CHANGES):
                left.append(f"{id}: left alone: {state}")
                continue
            try:
                say(connection, id, Word(CHANGES, author, "; ".join(said)))
            except BadInput as error:  # changed since it was looked at
                left.append(f"{id}: left alone: {error}")
    return left


def _named(project: Project) -> list[Light]:
    with transaction(project.store.engine, steady=True) as connection:
        stored = Stored(connection, {})
        shas = [ref.sha256 for ref in stored.images]
        return [row for batch in image_batches(shas) for row in stored.light(batch) if not row.plane]

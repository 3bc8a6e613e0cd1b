"""The accepted masks of a project, for an engine that is to remember their names."""

from functools import partial

from semsam_annotate.annotations.project import Project
from semsam_annotate.annotations.record import NamedRecord
from semsam_annotate.api import NamedMask


def named_masks(project: Project) -> list[NamedMask]:
    """Every accepted mask of a plain image that has a name, oldest first; images and masks are read when asked for.

    Planes of stacks are left out: a record names the file, and how to cut a plane out of it is known to the front end.
    """
    store = project.store

    def named(one: NamedRecord) -> NamedMask:
        read, mask = partial(project.read, one.image), partial(store.mask, one.id)
        return NamedMask(one.id, one.image.sha256, read, mask, one.object, one.part)

    return list(map(named, store.accepted_names()))

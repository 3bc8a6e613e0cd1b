"""The accepted masks of a project, for an engine that is to remember their names."""

from functools import partial

from semsam_annotate.annotations.project import Project
from semsam_annotate.api import NamedMask


def named_masks(project: Project) -> list[NamedMask]:
    """Every accepted mask of a plain image that has a name, oldest first; images are read when asked for.

    Planes of stacks are left out: a record names the file, and how to cut a plane out of it is known to the front end.
    """
    return [
        NamedMask(
            record.id, record.image.sha256, partial(project.read, record.image), record.mask, record.object, record.part
        )
        for record in project.store.annotations()
        if (record.object or record.part) and not record.plane
    ]

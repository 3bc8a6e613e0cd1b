"""Submitted annotations into the store: each region once, however often and in whatever order the news come."""

from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from starlette.concurrency import run_in_threadpool

from semsam_annotate.annotations.connection import transaction
from semsam_annotate.annotations.files import write_atomically
from semsam_annotate.annotations.images import image_sha256, read_image
from semsam_annotate.annotations.origins import accepted_origins
from semsam_annotate.annotations.record import ImageRef
from semsam_annotate.annotations.store import AnnotationStore
from semsam_annotate.api import BadInput, Vocabulary
from semsam_annotate.backend.label_studio.accepted import Region, read_regions
from semsam_annotate.backend.label_studio.config import parse_config
from semsam_annotate.backend.label_studio.connections import Connection, Connections
from semsam_annotate.backend.label_studio.fetch import fetch_image
from semsam_annotate.backend.label_studio.image_address import of_task
from semsam_annotate.backend.label_studio.issued import Issued
from semsam_annotate.backend.label_studio.news import Deleted, Written
from semsam_annotate.backend.label_studio.settling import SYSTEM, Settling
from semsam_annotate.backend.label_studio.spool import Spool
from semsam_annotate.backend.label_studio.versions import GONE, follows, gone


def images_folder(project: Path) -> Path:
    """Where images of annotated tasks are kept."""
    return project / "label-studio" / "images"


@dataclass(frozen=True)
class Intake:
    """``root``: the project folder; images are kept below it, since training reads them from there."""

    store: AnnotationStore
    root: Path
    words: Vocabulary
    connections: Connections
    issued: Issued
    spool: Spool
    max_bytes: int
    _turn: Lock = field(default_factory=Lock)
    """One change at a time: whether it is newer is looked up and noted together."""

    async def apply(self, change: Written | Deleted) -> None:
        """Bring the store up to a change; one that is not newer than what was applied changes nothing.

        Raises TryLater while the image cannot be had yet, BadInput when the change can never be applied.
        """
        if isinstance(change, Deleted):
            await run_in_threadpool(self._delete, change)
        elif follows(change, await run_in_threadpool(self.spool.version, change.project, change.id)):
            await self._write(change)

    async def _write(self, change: Written) -> None:
        if change.cancelled or not change.result:
            await run_in_threadpool(self._settle, change, None, [])
            return
        config = parse_config(change.config, self.words)
        address = change.data.get(config.image_key)
        if not isinstance(address, str):
            raise BadInput(f'the task has no image under "{config.image_key}"')
        inline = address.startswith("data:")
        connection = Connection("http://localhost") if inline else self.connections.of(change.uid)
        body = await fetch_image(of_task(address, change.task), connection, self.max_bytes)
        image = await run_in_threadpool(self._keep_image, body)
        regions = await run_in_threadpool(read_regions, change.result, config, image.height, image.width)
        await run_in_threadpool(self._settle, change, image, regions)

    def known(self, project: str) -> set[str]:
        """The annotations of a project of Label Studio that the store has masks of."""
        with transaction(self.store.engine) as connection:
            return {id for id in accepted_origins(connection, SYSTEM, project) if id.isdecimal()}

    def _keep_image(self, body: bytes) -> ImageRef:
        """The image's file under its own pixels' name; written whole or not at all."""
        rgb = read_image(body)
        folder = images_folder(self.root)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{image_sha256(rgb)}{_suffix(body)}"
        if not path.exists():
            write_atomically(path, body)
        return ImageRef.of(path, rgb, root=self.root)

    def _settle(self, change: Written, image: ImageRef | None, regions: list[Region]) -> None:
        """Make the store follow the annotation; all of it or nothing."""
        with self._turn:
            if follows(change, self.spool.version(change.project, change.id)):
                with transaction(self.store.engine, write=True) as connection:
                    Settling(connection, change, self.issued).write(image, regions)
                self.spool.applied(change.project, change.id, change.version)

    def _delete(self, change: Deleted) -> None:
        with self._turn:
            known = self.spool.version(change.project, change.id)
            if not known.startswith(GONE):
                with transaction(self.store.engine, write=True) as connection:
                    Settling(connection, change, self.issued).remove()
                self.spool.applied(change.project, change.id, gone(known))


def _suffix(body: bytes) -> str:
    """What files of that kind end in, by their first bytes; names from outside are not trusted."""
    known = {b"\x89PNG": ".png", b"\xff\xd8": ".jpg", b"GIF8": ".gif", b"BM": ".bmp", b"II*": ".tif", b"MM\0": ".tif"}
    return next((suffix for start, suffix in known.items() if body.startswith(start)), ".image")

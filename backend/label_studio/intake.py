"""Submitted annotations into the store: each region once, however often and in whatever order the news come."""

from dataclasses import dataclass
from pathlib import Path

from starlette.concurrency import run_in_threadpool

from semsam_annotate.annotations.files import write_atomically
from semsam_annotate.annotations.images import image_sha256, read_image
from semsam_annotate.annotations.record import Annotation, ImageRef, Kind, Source
from semsam_annotate.annotations.store import AnnotationStore
from semsam_annotate.api import BadInput, Vocabulary
from semsam_annotate.backend.label_studio.accepted import Region, read_regions
from semsam_annotate.backend.label_studio.config import parse_config
from semsam_annotate.backend.label_studio.connections import Connection, Connections
from semsam_annotate.backend.label_studio.fetch import fetch_image
from semsam_annotate.backend.label_studio.image_address import of_task
from semsam_annotate.backend.label_studio.issued import Issued
from semsam_annotate.backend.label_studio.news import Deleted, Written
from semsam_annotate.backend.label_studio.spool import Spool

SYSTEM = "label-studio"
GONE = "gone"
"""Sorts behind every ISO time: nothing that comes later brings a deleted annotation back."""


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

    async def apply(self, change: Written | Deleted) -> None:
        """Bring the store up to a change; one that is not newer than what was applied changes nothing.

        Raises TryLater while the image cannot be had yet, BadInput when the change can never be applied.
        """
        if isinstance(change, Deleted):
            await run_in_threadpool(self._delete, change)
        elif change.version > self.spool.version(change.project, change.id):
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
        """Make the store hold exactly these regions of the annotation, parents before their parts."""
        there = self._records(change.project, change.id)
        ids: dict[str, str] = {}
        for region in regions:
            assert image is not None
            parent = ids.get(region.parent) if region.parent is not None else None
            ids[region.id] = self._place(change, image, region, parent, there.get(region.id), len(regions))
        wanted = {region.id for region in regions}
        for region_id, record in reversed(there.items()):
            if region_id not in wanted:
                self.store.delete(record.id, author=change.author)
        self.spool.applied(change.project, change.id, change.version)

    def _place(
        self, change: Written, image: ImageRef, region: Region, parent: str | None, old: Annotation | None, many: int
    ) -> str:
        """Accept a region, or correct the record it has, or leave that as it is; the id of the record."""
        kind: Kind = "part" if region.is_part else "object"
        said = (region.mask, kind, region.object, region.part, parent)
        if old is not None and (old.mask, old.kind, old.object, old.part, old.part_of) == said:
            return old.id
        if old is not None and old.image.sha256 != image.sha256:
            self.store.delete(old.id, author=change.author)
            old = None
        source = Source(SYSTEM, change.project, f"{change.id}/{region.id}/{change.version}")
        suggested = self.issued.get(region.id)
        if old is not None:
            corrected = self.store.supersede(
                old.id, mask=region.mask, kind=kind, object=region.object, part=region.part, part_of=parent,
                author=change.author, source=source,
            )  # fmt: skip
            return corrected.id
        prompt = None if suggested is None else suggested.prompt
        seconds = None if change.seconds is None else change.seconds / many
        level = region.level if suggested is None else suggested.proposal.level
        score = region.score if suggested is None else suggested.proposal.score
        record = self.store.accept(
            image, None if suggested is None else suggested.proposal, mask=region.mask, kind=kind,
            object=region.object, part=region.part, part_of=parent, level=level, score=score, author=change.author,
            seconds=seconds, clicks=None if prompt is None else len(prompt.points) or 1, prompt=prompt,
            ladder=None if suggested is None else suggested.ladder, source=source,
        )  # fmt: skip
        return record.id

    def _delete(self, change: Deleted) -> None:
        for record in reversed(self._records(change.project, change.id).values()):
            self.store.delete(record.id)
        self.spool.applied(change.project, change.id, GONE)

    def _records(self, project: str, annotation: str) -> dict[str, Annotation]:
        """The accepted records of an annotation by region id, parents before their parts as they were written."""
        found: dict[str, Annotation] = {}
        for record in self.store.of_source(SYSTEM, project, f"{annotation}/"):
            assert record.source is not None
            found[record.source.external_id.partition("/")[2].rpartition("/")[0]] = record
        return found


def _suffix(body: bytes) -> str:
    """What files of that kind end in, by their first bytes; names from outside are not trusted."""
    known = {b"\x89PNG": ".png", b"\xff\xd8": ".jpg", b"GIF8": ".gif", b"BM": ".bmp", b"II*": ".tif", b"MM\0": ".tif"}
    return next((suffix for start, suffix in known.items() if body.startswith(start)), ".image")

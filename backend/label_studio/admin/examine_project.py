"""Is a project of Label Studio ready: its backend, webhook, labelling config, images, and the switch for prelabels."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from semsam_annotate.api import BadInput, Vocabulary
from semsam_annotate.backend.label_studio.admin.addresses import HOOK, masked, webhook_address
from semsam_annotate.backend.label_studio.admin.check import Check, failing_as, well
from semsam_annotate.backend.label_studio.admin.client import LabelStudioApi
from semsam_annotate.backend.label_studio.config import LabelConfig, parse_config
from semsam_annotate.backend.label_studio.connections import Connection
from semsam_annotate.backend.label_studio.fetch import fetch_image
from semsam_annotate.backend.label_studio.image_address import of_task
from semsam_annotate.backend.label_studio.xml import parse_xml

SETUP = "semsam labelstudio setup"
MAX_BYTES = 500_000_000


@dataclass(frozen=True)
class ProjectExam:
    """``row``: the project as Label Studio tells it. ``backend``: our address. ``connection``: where images come from.
    ``words``: our project's vocabulary. ``capabilities``: the engine's, None when unknown."""

    api: LabelStudioApi
    row: dict[str, Any]
    backend: str
    connection: Connection
    words: Vocabulary
    capabilities: Sequence[str] | None

    def examine(self) -> Iterator[Check]:
        """Every check, each by itself."""
        yield well("project", f"{self.row['id']}: {self.row['title']}")
        yield from self._backend()
        yield from self._webhook()
        yield from self._config()
        yield from self._images()
        if self.row.get("show_collab_predictions"):
            detail = "prelabelling is on: a task opens under the masks of its image, and a click only selects one"
            yield Check("prelabels", "warning", detail, "for clicks, switch it off under Settings, Annotation")

    @failing_as("backend", SETUP)
    def _backend(self) -> Iterator[Check]:
        """Listing them makes Label Studio call each: this is the way from there to us."""
        rows = self.api.get("/api/ml", {"project": self.row["id"]})
        ours = next((row for row in rows if row["url"].rstrip("/") == self.backend.rstrip("/")), None)
        first = next((row for row in rows if row["is_interactive"]), None)
        if ours is None:
            yield Check("backend", "blocks", f"the project has no backend at {masked(self.backend)}", SETUP)
            return
        if ours["state"] != "CO":
            said = ours.get("error_message") or f"it is {str(ours.get('readable_state')).lower()}"
            remedy = f"let Label Studio's machine reach {masked(self.backend)}, then {SETUP}"
            yield Check("backend", "blocks", f"Label Studio does not get through: {str(said)[:300]}", remedy)
        else:
            yield well("backend", f"Label Studio reaches it and is answered by model {ours.get('model_version')}")
        if first is None:
            yield Check("backend", "blocks", "it is not interactive: clicks ask nobody", SETUP)
        elif first["id"] != ours["id"]:
            yield Check(
                "backend", "blocks", f"clicks go to {first['title']!r}, the first interactive one", "remove that"
            )

    @failing_as("webhook", SETUP)
    def _webhook(self) -> Iterator[Check]:
        rows = self.api.get("/api/webhooks/", {"project": self.row["id"]})
        wanted = webhook_address(self.backend)
        ours = next((row for row in rows if row["url"] == wanted), None)
        if ours is None or not (ours["is_active"] and ours["send_payload"] and ours["send_for_all_actions"]):
            what = "has no webhook" if ours is None else "has its webhook switched off or shortened"
            yield Check("webhook", "blocks", f"the project {what}: submitted annotations do not arrive", SETUP)
        else:
            yield well("webhook", "Label Studio sends submitted annotations")
        for row in rows:
            if HOOK in row["url"] and row["url"] != wanted:
                remedy = "delete it under Settings, Webhooks: every submit waits for it"
                yield Check("webhook", "warning", f"an old one goes to {masked(row['url'])}", remedy)

    @failing_as("config", f"{SETUP}, or --replace-config with it")
    def _config(self) -> Iterator[Check]:
        text = str(self.row.get("label_config") or "")
        config = parse_config(text, self.words)
        brush = config.brush()
        yield well("config", f"{len(brush.labels)} labels; masks go to {brush.name!r}")
        if config.others:
            detail = (
                f"several images: masks and clicks on {config.image!r} alone count, not on {', '.join(config.others)}"
            )
            yield Check("config", "warning", detail[:300], "give each image a task of its own")
        smart = [item.tag for item in parse_xml(text).iter() if (item.get("smart") or "").lower() == "true"]
        if not {"keypointlabels", "keypoint", "rectanglelabels", "rectangle"} & {tag.lower() for tag in smart}:
            detail = 'no keypoint or rectangle tool with smart="true": clicks ask nobody'
            yield Check("config", "blocks", detail, f"{SETUP}, or add one")
        yield from self._names(config)
        yield from self._skills(config)

    def _names(self, config: LabelConfig) -> Iterator[Check]:
        known, asked = self.words, config.vocabulary()
        missing = [*(set(known.objects) - set(asked.objects)), *(set(known.parts) - set(asked.parts))]
        if missing:
            detail = f"it lacks names of the project: {', '.join(sorted(missing)[:5])}"
            yield Check("config", "warning", detail, f"{SETUP} brings it up to date")

    def _skills(self, config: LabelConfig) -> Iterator[Check]:
        """What the config asks for and the engine was never trained to say."""
        if self.capabilities is None:
            return
        kinds = {"part" if label.is_part else "object" for label in config.brush().labels}
        for kind in sorted(kinds):
            if f"{kind}_labels" not in self.capabilities:
                detail = f"the model that serves names no {kind}s: suggestions get the label that was selected"
                yield Check("config", "warning", detail, "choose a label before clicking, or semsam retrain")

    @failing_as("images", "see docs/label-studio.md, Images")
    def _images(self) -> Iterator[Check]:
        """The first task's image, fetched as the server fetches it."""
        tasks = self.api.get("/api/tasks", {"project": self.row["id"], "page_size": 1})["tasks"]
        if not tasks:
            yield Check("images", "warning", "the project has no tasks yet", "import images in Label Studio")
            return
        key = parse_config(str(self.row["label_config"])).image_key
        address = tasks[0]["data"].get(key)
        if not isinstance(address, str):
            yield Check("images", "blocks", f'the tasks have no image under "{key}"', f'import data with "{key}"')
            return
        try:
            body = asyncio.run(fetch_image(of_task(address, tasks[0]["id"]), self.connection, MAX_BYTES))
            yield well("images", f"the first is fetched with the token ({len(body) / 1e6:.1f} MB)")
        except BadInput as error:
            yield Check("images", "blocks", str(error), self._image_remedy(address))

    def _image_remedy(self, address: str) -> str:
        if "/data/local-files/" not in address:
            return "import the images by upload or local storage: other addresses are not fetched"
        if not self.api.get("/api/storages/localfiles", {"project": self.row["id"]}):
            return "add a Local files storage to the project that holds them (Settings, Cloud Storage)"
        return "start Label Studio with LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED=true and its DOCUMENT_ROOT"

"""What a person does in Label Studio's pages, with a real browser; every step waits at most ``SECONDS``."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page

SECONDS = 60
BATCH_SECONDS = 300
"""For "Retrieve predictions" of three photos."""
PILLS = """() => {
  const stage = Konva.stages[0], at = stage.container().getBoundingClientRect();
  const isPill = g => g.width() === 64 && g.height() === 32 && g.findOne("Rect") && g.findOne("Circle");
  const boxes = stage.find("Group").filter(isPill).map(g => g.findOne("Rect").getClientRect());
  const ids = [...Htx.annotationStore.selected.suggestions.values()].map(region => region.cleanId);
  return ids.map((id, n) => [id, at.x + boxes[n].x, at.y + boxes[n].y]);
}"""
"""Where Label Studio drew the pill of each suggestion: they are pixels of a canvas, no elements of the page."""


@dataclass
class Annotator:
    """``folder``: of the screenshots, numbered in the order of the steps."""

    page: Page
    url: str
    folder: Path
    taken: list[Path] = field(default_factory=list)

    def shot(self, name: str) -> Path:
        """A screenshot of what is on the screen."""
        path = self.folder / f"{len(self.taken) + 1:02}-{name}.png"
        self.page.screenshot(path=path)
        self.taken.append(path)
        return path

    def log_in(self, email: str, password: str) -> None:
        self.page.goto(f"{self.url}/user/login/")
        self.page.fill("input[name=email]", email)
        self.page.fill("input[name=password]", password)
        self.shot("log-in")
        self.page.click("button[type=submit]")
        self.page.wait_for_url(re.compile(r"/projects|/$"))

    def open_task(self, project: int, task: int) -> None:
        self.page.goto(f"{self.url}/projects/{project}/data?task={task}")
        self.photo.wait_for()
        self.page.wait_for_load_state("networkidle")
        self._settle()

    def take_smart_point(self, label: str) -> None:
        """Auto-Annotation on, the pink point tool, a label: in this order, since a tool lets go of the label."""
        switch = self.page.get_by_test_id("bottombar-auto-annotation-toggle")
        if not switch.is_checked():
            switch.locator("..").click()
        self.page.locator(".lsf-toolbar__group > .lsf-tool_smart").hover()
        self.page.locator(".lsf-toolbar__smart button[aria-label=key-point-tool]").click()
        self.page.locator(".lsf-label").filter(has_text=re.compile(rf"^{label}[0-9a-z]?$")).first.click()
        self._settle()

    def click(self, x: float, y: float) -> list[dict[str, Any]]:
        """Click at a share of the photo's width and height: what was suggested, the masks first."""
        box = self.photo.bounding_box()
        assert box is not None
        with self.page.expect_response(lambda answer: "interactive-annotating" in answer.url) as answered:
            self.page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
        result: list[dict[str, Any]] = answered.value.json()["data"]["result"]
        self.page.get_by_text(f"{sum(item['type'] == 'brushlabels' for item in result)} suggestions").wait_for()
        self._settle()
        return result

    def zoom_out(self) -> None:
        """Pills of masks that reach the lower edge lie below the photo."""
        self.page.get_by_label("zoom-out").click()
        self._settle()

    def accept(self, region: str) -> None:
        """Click the check mark of a suggestion's pill."""
        pills = {id: (x, y) for id, x, y in self.page.evaluate(PILLS)}
        x, y = pills.pop(region)
        self.page.mouse.click(x + 48, y + 16)
        self.page.get_by_text(re.compile(rf"^{len(pills)} suggestions?$")).wait_for()
        assert region not in [id for id, _, _ in self.page.evaluate(PILLS)], "the pill that was meant"
        self._settle()

    def reject_rest(self) -> None:
        self.page.get_by_test_id("bottombar-reject-suggestions-button").click()
        self.page.get_by_test_id("bottombar-auto-accept-toggle").wait_for(state="attached")
        self._settle()

    def submit(self) -> None:
        with self.page.expect_response(
            lambda answer: "/annotations" in answer.url and answer.request.method == "POST"
        ) as answered:
            self.page.get_by_test_id("bottombar-submit-button").click()
        assert answered.value.status == 201, answered.value.text()
        self._settle()

    def retrieve_predictions(self, project: int) -> None:
        """In the data manager: all tasks, "Retrieve Predictions", OK."""
        self.page.goto(f"{self.url}/projects/{project}/data")
        self.page.get_by_label("Select all rows").click()
        self.page.get_by_text(re.compile(r"^\d+ Tasks$")).first.click()
        self.page.get_by_text("Retrieve Predictions").click()
        self.shot("retrieve-predictions")
        with self.page.expect_response(
            lambda answer: "retrieve_tasks_predictions" in answer.url, timeout=BATCH_SECONDS * 1000
        ) as answered:
            self.page.get_by_test_id("dialog-ok-button").click()
        assert answered.value.ok, answered.value.text()

    def start_training(self, project: int) -> None:
        """In the project's settings, from the menu of the model."""
        self.page.goto(f"{self.url}/projects/{project}/settings/ml")
        self.page.get_by_label("Machine learning model options").click()
        self.page.get_by_text("Start Training", exact=True).click()
        confirm = self.page.locator("button", has_text="Start Training")
        confirm.wait_for()
        self.shot("start-training")
        with self.page.expect_response(lambda answer: bool(re.search(r"/api/ml/\d+/train", answer.url))) as answered:
            confirm.click()
        assert answered.value.ok, answered.value.text()
        self.page.get_by_text("Request Sent!").wait_for()

    @property
    def photo(self) -> Locator:
        """The photo; what is drawn over it lies in canvases as wide as the column."""
        return self.page.locator("canvas").first

    def _settle(self) -> None:
        """Off the tools, whose tooltips cover the photo, until what was drawn is on the screen."""
        self.page.mouse.move(5, 5)
        self.page.wait_for_timeout(1000)

"""The plugin's one dock widget: settings, status, controls; it owns the annotator of its viewer."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, QSize, Qt
from qtpy.QtWidgets import QApplication, QFrame, QHBoxLayout, QScrollArea, QTabWidget, QVBoxLayout, QWidget
from superqt import QCollapsible

from semsam_annotate.api import SemsamError
from semsam_annotate.napari.canvas.annotator import Annotator
from semsam_annotate.napari.canvas.keys import DEFAULTS, named_keys
from semsam_annotate.napari.engine.link import EngineChoice
from semsam_annotate.napari.engine.request import EngineLink
from semsam_annotate.napari.engine.worker import EngineWorker
from semsam_annotate.napari.files.samples import astronaut
from semsam_annotate.napari.files.settings import keep_guide_closed, read_preferences
from semsam_annotate.napari.state.guide import Guide
from semsam_annotate.napari.state.project_ledger import ProjectLedger
from semsam_annotate.napari.state.session import AnnotationSession
from semsam_annotate.napari.widgets import binding
from semsam_annotate.napari.widgets.buttons import KeyedButton, quiet_button, show_keys
from semsam_annotate.napari.widgets.delivery import GuiDelivery, Moment
from semsam_annotate.napari.widgets.effects_box import EffectsBox
from semsam_annotate.napari.widgets.guide_strip import GuideStrip
from semsam_annotate.napari.widgets.hints import next_step
from semsam_annotate.napari.widgets.image_tab import ImageTab
from semsam_annotate.napari.widgets.keys_overlay import KeysOverlay
from semsam_annotate.napari.widgets.panel import AnnotationPanel
from semsam_annotate.napari.widgets.settings import SettingsForm
from semsam_annotate.napari.widgets.status_line import StatusLine
from semsam_annotate.napari.widgets.tab_keys import TabKeys
from semsam_annotate.napari.widgets.train_tab import TrainTab
from semsam_annotate.napari.widgets.workspace_keeper import WorkspaceKeeper

if TYPE_CHECKING:
    import napari

NOT_STARTED = "the engine did not start"
"""How the failure begins that a person can mend by choosing another engine."""

LEAST, WIDTH = 320, 360
"""Pixels of the dock's width: the least, and when it opens."""


class AnnotationDock(QWidget):
    """Annotate objects and their parts: click, choose a size, accept."""

    def __init__(self, napari_viewer: "napari.viewer.Viewer", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer, self._delivery = napari_viewer, GuiDelivery(self)
        self._keeper = WorkspaceKeeper(self)
        self.annotator: Annotator | None = None
        self.settings = SettingsForm(self._open)
        self.status, self.panel = StatusLine(), AnnotationPanel()
        self.images, self.effects, self.train = ImageTab(), EffectsBox(), TrainTab()
        self._attached = (self.panel, self.images, self.effects, self.train)
        self.tabs = QTabWidget()
        self._fold = QCollapsible("Project and engine")
        self._fold.addWidget(self.settings.native)
        self._fold.expand(animate=False)
        self.help_button = KeyedButton("Keys  {key}", "Every key, and what the mouse does", "help")
        self.guide_button = quiet_button("Guide", "The first two minutes, step by step, on a sample photo or your own")
        self.guide = Guide()
        self.strip = GuideStrip(self.guide)
        self._lay_out()
        canvas = napari_viewer.window._qt_viewer.canvas.native
        self.keys, self._tabs = KeysOverlay(canvas), TabKeys(canvas, self._press, self)
        self.help_button.clicked.connect(self.keys.toggle)
        self.guide_button.clicked.connect(self.guide.start)
        self.guide.closed.connect(keep_guide_closed)
        self.strip.sample_wanted.connect(self._open_sample)
        if read_preferences().guide:
            self.guide.start()
        self.status.stopped.connect(self._stop)
        self.train.promoted.connect(self._serve_anew)
        self.status.hint.setText("Choose a project folder, then press Open project.")
        self.status.say(binding.warning())
        if (application := QApplication.instance()) is not None:
            application.aboutToQuit.connect(self.shut_down)

    def open_project(
        self,
        folder: Path,
        engine: EngineChoice | None = None,
        images: Sequence[Path] = (),
        link: EngineLink | None = None,
    ) -> None:
        """Annotate into ``folder`` from now on. BadInput when project or engine cannot be used, or none of ``images``.

        ``link``: of an engine of this choice that starts already; a later one is made when it was ended.
        """
        choice = engine or EngineChoice()
        connect = choice.of(folder).link  # bound before the old project closes: a wrong address must not lose it
        ready = iter([] if link is None else [link])
        ledger = ProjectLedger.open(folder, images)
        self.shut_down()
        worker = EngineWorker(lambda: next(ready, None) or connect(), self._delivery)
        self.annotator = Annotator(self._viewer, AnnotationSession(ledger), worker, Moment(self))
        self.annotator.hover.enabled = read_preferences().hover
        self._listen(self.annotator)
        self.settings.show(folder, choice)
        self._fold.collapse(animate=False)
        self._keeper.watch(self.annotator)  # first: also of a window whose images cannot be read
        if images:
            self.annotator.open_files(images)
        else:
            self.annotator.open_project_images()

    def shut_down(self) -> None:
        """End the engine and leave the viewer as it was; what was accepted is stored."""
        annotator, self.annotator = self.annotator, None
        if annotator is not None:
            self._keeper.stop()
            self.guide.release()
            for tab in self._attached:
                tab.detach()
            annotator.close()
            annotator.session.ledger.close()
            self.status.show_work("idle")

    def sizeHint(self) -> QSize:
        """No wider than the texts need, so that a small window leaves room for the image."""
        return QSize(WIDTH, super().sizeHint().height())

    def event(self, event: QEvent) -> bool:
        """Shut down when the dock is closed: napari takes the widget out of its parent then."""
        if event.type() == QEvent.Type.ParentChange and self.parent() is None:
            self.shut_down()
        return bool(super().event(event))

    def _press(self, key: str) -> bool:
        """Start what a key of the canvas is bound to; whether it is bound."""
        bound = {} if self.annotator is None else self.annotator.shortcuts.bound
        action = next((action for action, keys in bound.items() if key in keys), None)
        if action is not None and self.annotator is not None:
            self.annotator.actions[action]()
        return action is not None

    def _open_sample(self) -> None:
        """The sample photo, in the project that is open or, without one, in one to try things out in."""
        if self.annotator is None:
            self._open(Path(mkdtemp(prefix="semsam-guide-")), self.settings.choice)
        for photo, facts, _ in astronaut():
            self._viewer.add_image(photo, **facts)

    def _open(self, folder: Path, engine: EngineChoice) -> None:
        try:
            self.open_project(folder, engine)
        except (SemsamError, OSError) as error:
            self.status.say(str(error))

    def _listen(self, annotator: Annotator) -> None:
        session, worker = annotator.session, annotator.worker
        session.told.connect(self.status.say)
        session.candidate_changed.connect(self._show_hint)
        session.accepted_changed.connect(self._show_hint)
        annotator.touch.changed.connect(self._show_hint)
        worker.state.connect(self.status.show_work)
        worker.failed.connect(self._show_failure)
        self.guide.watch(session, annotator.hover, annotator.review)
        annotator.help_wanted.connect(self.keys.toggle)
        annotator.shortcuts.changed.connect(self._show_keys)
        for tab in self._attached:
            tab.attach(annotator)
        self._show_keys()

    def _show_keys(self) -> None:
        bound = DEFAULTS if self.annotator is None else self.annotator.shortcuts.bound
        show_keys(self, bound)
        for shown in (self.keys, self.strip):
            shown.show_keys(bound)
        self._show_hint()

    def _show_hint(self, _: Any = None) -> None:
        if self.annotator is not None:
            session = self.annotator.session
            count = len(session.accepted)
            touching = self.annotator.touch.active
            step = next_step(session.picture, session.candidate, session.waiting, count, touching)
            self.status.hint.setText(step.format_map(named_keys(self.annotator.shortcuts.bound)))

    def _show_failure(self, _: int, message: str) -> None:
        told = f"{message}; choose another one under Project and engine" if NOT_STARTED in message else message
        self.status.say(told)

    def _stop(self) -> None:
        if self.annotator is not None:
            self.annotator.cancel()

    def _serve_anew(self, _: Path) -> None:
        """Another model was promoted: an engine of this window's own starts anew with it, a server sees to its own."""
        if self.annotator is not None and not self.settings.choice.on_a_server:
            self.annotator.worker.cancel()
            self.annotator.asking.ask_anew()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 4, 8, 8)
        self.tabs.addTab(_scrolled(self.panel), "Annotate")
        self.tabs.addTab(_scrolled(self.images), "Images")
        self.tabs.addTab(_scrolled(self.effects), "Effects")
        self.tabs.addTab(_scrolled(self.train), "Train")
        self.tabs.tabBar().setFocusPolicy(Qt.FocusPolicy.NoFocus)  # keys go on to the canvas
        for widget in (self._fold, self.strip, self.status):
            layout.addWidget(widget)
        layout.addWidget(self.tabs, 1)
        foot = QHBoxLayout()
        for button in (self.guide_button, self.help_button):
            foot.addWidget(button)
        foot.addStretch(1)
        layout.addLayout(foot)
        self.setMinimumWidth(LEAST)


def _scrolled(content: QWidget) -> QScrollArea:
    area = QScrollArea()
    area.setWidget(content)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    return area

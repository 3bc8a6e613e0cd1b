"""Fine-tuning the model on what was accepted: start, watch, judge, promote, go back. Clicking goes on meanwhile."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt, QTimer, QUrl, Signal
from qtpy.QtGui import QDesktopServices, QShowEvent
from qtpy.QtWidgets import QGridLayout, QLabel, QProgressBar, QSizePolicy, QVBoxLayout, QWidget

from semsam_annotate.napari.canvas.annotator import Annotator
from semsam_annotate.napari.state.connections import Connections
from semsam_annotate.napari.state.training import TrainingRun
from semsam_annotate.napari.state.training_words import counts_words, model_words, progress_words
from semsam_annotate.napari.widgets.before_after import BeforeAfterList
from semsam_annotate.napari.widgets.buttons import quiet_button
from semsam_annotate.napari.widgets.loss_curve import LossCurve

POLL_MS = 500


class TrainTab(QWidget):
    """Shows the training of an annotator's project and forwards what a person does with it; empty until ``attach``."""

    promoted = Signal(object)
    """Folder (Path) of the project, whose model is another one now: its engine is to start anew, from "project:DIR"."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._annotator: Annotator | None = None
        self._connections = Connections()
        self._stale = False
        self.run: TrainingRun | None = None
        self.counts, self.next, self.work, self.error = _label(), _label(), _label(), _label()
        self.headline, self.verdict, self.reasons, self.model = _label(bold=True), _label(), _label(), _label()
        self.bar, self.curve, self.pairs = QProgressBar(), LossCurve(), BeforeAfterList()
        self.buttons = {name: quiet_button(text, tip) for name, (text, tip) in _BUTTONS.items()}
        self._timer = QTimer(self)
        self._timer.setInterval(POLL_MS)
        self._timer.timeout.connect(self._poll)
        self._lay_out()
        for name, button in self.buttons.items():
            button.clicked.connect(lambda _=False, name=name: self._do(name))
        self._show()

    def attach(self, annotator: Annotator) -> None:
        """Show the training of this annotator's project from now on."""
        session = annotator.session
        self._annotator, self.run = annotator, session.ledger.training()
        self._connections = Connections(
            [
                (self.run.changed, self._show),
                (self.run.told, self._tell),
                (self.run.model.switched, self._announce),
                (session.shifted, self._outdate),
            ]
        )
        self._stale = True
        self._timer.start()
        self._poll()
        self._show()

    def detach(self) -> None:
        """Stop showing it; a training goes on, and the next window shows it."""
        self._timer.stop()
        self._connections.release()
        if self.run is not None:
            self.run.close()
        self._annotator = self.run = None
        self._show()

    def showEvent(self, event: QShowEvent) -> None:
        """Others accept too: count anew when the tab comes to the front."""
        self._stale = True
        super().showEvent(event)

    def _poll(self) -> None:
        if self._annotator is not None:
            self._annotator.run(self._look)

    def _look(self) -> None:
        if self.run is not None:
            if self._stale and self.isVisible():
                self._stale = False
                self.run.recount()
            self.run.poll()

    def _outdate(self, _: Any = None) -> None:
        self._stale = True

    def _tell(self, line: str) -> None:
        if self._annotator is not None:
            self._annotator.session.told.emit(line)

    def _announce(self, folder: Any) -> None:
        self.promoted.emit(folder)

    def _do(self, name: str) -> None:
        run, annotator = self.run, self._annotator
        if run is not None and annotator is not None:
            version = "" if run.verdict is None else run.verdict.version
            actions: dict[str, Callable[[], object]] = {
                "start": run.start,
                "stop": run.stop,
                "promote": lambda: run.model.promote(version),
                "roll back": run.model.go_back,
                "by itself": run.loop.switch,
                "report": lambda: _open(run.page),
            }
            annotator.run(actions[name])

    def _show(self) -> None:
        run = self.run
        if run is None:
            for widget in (self.bar, self.work, self.curve, self.pairs, self.headline, self.verdict, self.reasons):
                widget.hide()
            _say(self.counts, "Open a project first.")
            for label in (self.next, self.model, self.error):
                _say(label, "")
            for button in self.buttons.values():
                button.setEnabled(False)
            return
        _say(self.counts, counts_words(run.counts))
        _say(self.next, run.loop.words)
        _say(self.model, model_words(run))
        _say(self.error, " ".join(filter(None, (run.error if run.stage == "failed" else "", run.model.error))))
        self._show_progress(run)
        self._show_verdict(run)
        self._show_buttons(run)

    def _show_progress(self, run: TrainingRun) -> None:
        last = run.progress.last
        _say(self.work, progress_words(run) if run.busy else "")
        self.bar.setVisible(run.busy)
        self.bar.setRange(0, last.total if run.stage == "running" and last is not None else 0)
        self.bar.setValue(0 if last is None else last.done)
        self.curve.setVisible(len(run.progress.curve) > 1)
        self.curve.show_curve(run.progress.curve, run.progress.steps)

    def _show_verdict(self, run: TrainingRun) -> None:
        verdict = run.verdict
        _say(self.headline, "" if verdict is None else verdict.headline)
        _say(self.verdict, "" if verdict is None else verdict.sentence)
        told = verdict is not None and not verdict.better
        _say(self.reasons, "\n".join(f"• {reason}" for reason in verdict.reasons) if told and verdict else "")
        pairs = run.run.pictures if verdict is not None and run.run is not None else ()
        self.pairs.setVisible(bool(pairs))
        self.pairs.show_pairs(pairs)

    def _show_buttons(self, run: TrainingRun) -> None:
        verdict, free = run.verdict, not run.model.busy
        new = verdict is not None and verdict.version != run.model.active
        self.buttons["start"].setEnabled(not run.busy and run.counts.learn > 0)
        self.buttons["stop"].setEnabled(run.stage in ("starting", "running"))
        self.buttons["promote"].setEnabled(new and free and not run.busy)
        self.buttons["promote"].setText("Promote anyway" if verdict is not None and not verdict.better else "Promote")
        self.buttons["by itself"].setEnabled(not run.loop.elsewhere)
        self.buttons["by itself"].setText("By hand only" if run.loop.here else "Train by itself")
        self.buttons["report"].setEnabled(run.page is not None)
        self.buttons["roll back"].setEnabled(run.model.can_go_back and free)

    def _lay_out(self) -> None:
        layout, first, second = QVBoxLayout(self), QGridLayout(), QGridLayout()
        layout.setContentsMargins(0, 0, 0, 0)
        for place, name in enumerate(self.buttons):
            (first if place < 4 else second).addWidget(self.buttons[name], place % 4 // 2, place % 2)
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(8)
        layout.addWidget(self.counts)
        layout.addLayout(first)
        layout.addWidget(self.next)
        for label in (self.work, self.bar, self.error, self.curve, self.headline, self.verdict, self.reasons):
            layout.addWidget(label)
        layout.addLayout(second)
        layout.addWidget(self.model)
        layout.addWidget(self.pairs)
        layout.addStretch(1)


def _label(bold: bool = False) -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)  # long words must not widen the dock
    if bold:
        label.setStyleSheet("font-weight: bold")
    return label


def _say(label: QLabel, text: str) -> None:
    label.setText(text)
    label.setVisible(bool(text))


def _open(page: Path | None) -> None:
    if page is not None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(page)))


_BUTTONS = {
    "start": ("Start training", "Fine-tune on the accepted masks, beside your work, on half of the processor"),
    "stop": ("Stop", "End the training; the model stays as it is"),
    "by itself": (
        "Train by itself",
        "While this window is open: after so many new masks, or at times, as project.toml says; what is better serves",
    ),
    "report": ("Report", "Open the page of the last training: what was new, before and after, label by label"),
    "promote": ("Promote", "Let the new model answer your clicks from now on"),
    "roll back": ("Roll back", "Let the model before answer again"),
}

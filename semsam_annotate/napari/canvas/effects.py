"""Effects on the chosen mask: computed in a thread, shown as a layer, the image is never changed."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce

import numpy as np
from napari.layers import Image, Layer
from psygnal import Signal

from semsam_annotate.api import BadInput, Cancelled, CancelToken, Mask
from semsam_annotate.napari.canvas.annotator import Annotator
from semsam_annotate.napari.canvas.effect_layers import EffectLayers, chain_of
from semsam_annotate.napari.state.connections import Connections
from semsam_annotate.napari.state.effect_chain import EffectStep, redone
from semsam_annotate.napari.state.effect_choice import VERBS, EffectChoice, Patch
from semsam_annotate.napari.state.labels import describe
from semsam_annotate.napari.state.picture import Picture


@dataclass(frozen=True, eq=False)
class _Job:
    """One effect on its way: the last of ``steps``."""

    image: Image
    picture: Picture
    steps: tuple[EffectStep, ...]
    name: str
    cancel: CancelToken


class Effects:
    """One effect at a time. It starts from ``source``: the newest effect, unless a person takes another or the image.

    Its layer shows what it changes there; so where it lies over its source it contains what that one did.

    ``deliver``: hands a call from the thread that computes to the one of the viewer. What comes after the picture
    changed is dropped. To take an effect back, remove its layer.
    """

    changed = Signal()
    """What effects apply to, whether one is computed, or the layers there are."""
    progressed = Signal(float)
    """Share of the effect that is done, 0..1."""

    def __init__(self, annotator: Annotator, deliver: Callable[[Callable[[], None]], None]) -> None:
        self._annotator, self._deliver = annotator, deliver
        self._layers = EffectLayers(annotator.viewer)
        self._job: _Job | None = None
        self._source: Layer | None = None
        session, editing = annotator.session, annotator.editing
        layers = annotator.viewer.layers
        self._connections = Connections(
            [
                (session.picture_changed, self._turn),
                (session.candidate_changed, self._tell),
                (session.choice_changed, self._tell),
                (session.accepted_changed, self._tell),
                (editing.selection_changed, self._tell),
                (layers.events.removed, self._left),
                (layers.selection.events.active, self._take_active),
            ]
        )
        self._start_from_newest()

    @property
    def busy(self) -> bool:
        """Whether an effect is computed."""
        return self._job is not None

    @property
    def count(self) -> int:
        """Number of effects of this picture."""
        return len(self._layers.of(self._annotator.session.picture))

    @property
    def sources(self) -> list[Layer]:
        """Effects of this picture that another one can start from, the newest last."""
        return self._layers.sources(self._annotator.session.picture)

    @property
    def source(self) -> Layer | None:
        """The effect that the next one starts from, one of ``sources``; None for the image."""
        return self._source if self._source in self.sources else None

    def start_from(self, source: Layer | None) -> None:
        """Start the next effect from one of ``sources``, or from the image."""
        self._source = source
        self.changed.emit()

    @property
    def title(self) -> str | None:
        """Name of what effects apply to: the mask shown, else the selected ones; None when there is neither."""
        session, selected = self._annotator.session, self._annotator.editing.selection
        if self._annotator.image is None or session.picture is None:
            return None
        if session.candidate.mask is not None:
            return describe(session.choice.object, session.choice.part)
        more = f" and {len(selected) - 1} more" if len(selected) > 1 else ""
        return selected[0].title + more if selected else None

    def start(self, choice: EffectChoice) -> None:
        """Compute an effect; its layer comes when it is done. BadInput when no mask is shown or selected."""
        image, picture, title = self._annotator.image, self._annotator.session.picture, self.title
        if image is None or picture is None or title is None:
            raise BadInput("no mask to change: click on something, or select accepted masks")
        self.stop()
        before = () if self.source is None else chain_of(self.source)
        steps = (*before, EffectStep.of(choice, self._mask()))
        job = _Job(image, picture, steps, f"{title} {VERBS[choice.kind]}", CancelToken())
        self._job = job
        threading.Thread(target=self._run, args=(job,), name="semsam-effect", daemon=True).start()
        self.changed.emit()

    def stop(self) -> None:
        """Compute no more; nothing of it is heard again. Returns at once."""
        job, self._job = self._job, None
        if job is not None:
            job.cancel.cancel()
            self.changed.emit()

    def take_away(self) -> None:
        """Remove the newest effect of this picture."""
        self._layers.take_away(self._annotator.session.picture)

    def release(self) -> None:
        """Stop, and listen no more; the layers stay."""
        self.stop()
        self._connections.release()

    def _mask(self) -> Mask:
        """(H, W) bool of what effects apply to."""
        shown = self._annotator.session.candidate.mask
        if shown is not None:
            return shown
        return reduce(np.logical_or, (mask.mask for mask in self._annotator.editing.selection))

    def _run(self, job: _Job) -> None:
        def progress(share: float) -> None:
            self._hand(job, lambda: self.progressed.emit(share))

        try:
            patch = redone(job.picture.rgb, job.steps, job.cancel, progress)
        except Cancelled:
            return
        except BadInput as error:
            self._hand(job, self._refusal(str(error)))
        except Exception as error:  # must reach the person, and never end in a thread's traceback
            self._hand(job, self._refusal(f"{type(error).__name__}: {error}"))
        else:
            self._hand(job, lambda: self._show(job, patch))

    def _refusal(self, line: str) -> Callable[[], None]:
        def refuse() -> None:
            self._job = None
            self.changed.emit()
            self._annotator.session.told.emit(line)

        return refuse

    def _hand(self, job: _Job, action: Callable[[], None]) -> None:
        self._deliver(lambda: action() if job is self._job else None)

    def _show(self, job: _Job, patch: Patch) -> None:
        self._job = None
        if job.image in self._annotator.viewer.layers:
            layer = self._layers.lay(job.image, job.picture, patch, job.name, job.steps)
            self._source = layer if layer in self.sources else self._source
            self._annotator.session.told.emit(f"{job.name}: a new layer; remove it to take this back")
        self.changed.emit()

    def _turn(self, picture: Picture | None) -> None:
        self.stop()
        self._layers.follow(picture, self._annotator.image)
        self._start_from_newest()
        self.changed.emit()

    def _left(self, _: object) -> None:
        if self._source is not None and self.source is None:
            self._start_from_newest()
        self.changed.emit()

    def _take_active(self, _: object) -> None:
        active = self._annotator.viewer.layers.selection.active
        if active is not None and active in self.sources:
            self.start_from(active)

    def _start_from_newest(self) -> None:
        self._source = (self.sources or [None])[-1]

    def _tell(self, _: object = None) -> None:
        self.changed.emit()

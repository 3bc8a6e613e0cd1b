"""The mask being made: what was pointed at so far, the ladder it gave, the rung shown. Every step is a new value."""

import math
from dataclasses import dataclass, field, replace

from semsam_annotate.api import (
    BadInput,
    Box,
    Ladder,
    Mask,
    Point,
    Prompt,
    Proposal,
    Rle,
    Stroke,
    decode_rle,
    encode_rle,
)


@dataclass(frozen=True)
class Click:
    """One click: pixel (x, y), and whether it belongs to the mask."""

    point: Point
    positive: bool = True


@dataclass(frozen=True)
class Candidate:
    """Hints, their ladder (None until the engine answered) and the rung shown.

    ``rough``: a mask from elsewhere, ``text``: a phrase. ``moved``: whether a person moved along the ladder. ``began``:
    clock time in seconds of the first hint. ``effort``: hints given for it, withdrawn ones included. ``before``: the
    candidate without the last hint, None when there was none. ``queued``: it was proposed without being asked for.
    ``touched``: the mask after ``edits`` by hand, in place of the rung. ``track``: of the same thing in other frames.
    """

    clicks: tuple[Click, ...] = ()
    box: Box | None = None
    strokes: tuple[Stroke, ...] = ()
    rough: Rle | None = field(default=None, hash=False)
    text: str | None = None
    ladder: Ladder | None = None
    rung: int = 0
    moved: bool = False
    began: float = 0.0
    effort: int = 0
    before: "Candidate | None" = field(default=None, repr=False)
    queued: bool = False
    touched: Rle | None = field(default=None, hash=False)
    edits: int = 0
    track: str | None = None

    @classmethod
    def of(cls, prompt: Prompt, ladder: Ladder | None, effort: int | None = None) -> "Candidate":
        """What was asked once, and the answer."""
        pointed = zip(prompt.points, prompt.labels, strict=True)
        clicks = tuple(Click(point, bool(label)) for point, label in pointed)
        hints = (clicks, prompt.box, prompt.scribble, prompt.mask, prompt.text)
        return cls(*hints, ladder, effort=len(clicks) if effort is None else effort)

    @property
    def empty(self) -> bool:
        """Whether nothing was pointed at yet."""
        return not (self.clicks or self.strokes) and not self._points_somewhere

    @property
    def idle(self) -> bool:
        """Whether nothing is shown and nothing is asked."""
        return self.empty and self.ladder is None and self.touched is None

    @property
    def in_doubt(self) -> bool:
        """Whether it was carried over from another frame and nobody has said yet that it is right."""
        return self.queued and self.track is not None

    @property
    def prompt(self) -> Prompt:
        """What the engine is asked; BadInput when no hint says what belongs to the mask."""
        points, labels = [click.point for click in self.clicks], [int(click.positive) for click in self.clicks]
        return Prompt(points, labels, self.box, self.strokes, self.rough, self.text)

    @property
    def proposal(self) -> Proposal | None:
        """The mask shown, or None while the engine has not answered."""
        return None if self.ladder is None else self.ladder[self.rung]

    @property
    def mask(self) -> Mask | None:
        """(H, W) bool: the mask shown, touched up if it was; None when there is none yet."""
        if self.touched is not None:
            return decode_rle(self.touched)
        return None if self.proposal is None else self.proposal.mask

    @property
    def granularity(self) -> float:
        """Where the rung shown lies, from 0 (finest) to 1 (coarsest), by the logarithm of its area."""
        if self.ladder is None or len(self.ladder) < 2:
            return 0.0
        low, here, high = (math.log(max(self.ladder[at].area, 0.5)) for at in (0, self.rung, -1))
        return 0.0 if high <= low else min(max((here - low) / (high - low), 0.0), 1.0)

    def clicked(self, click: Click) -> "Candidate":
        """With one more click; the ladder shown stays until the new one comes."""
        self._check_sign(click.positive)
        return self._with(clicks=(*self.clicks, click))

    def stroked(self, stroke: Stroke) -> "Candidate":
        """With one more stroke."""
        self._check_sign(bool(stroke.label))
        return self._with(strokes=(*self.strokes, stroke))

    def boxed(self, box: Box) -> "Candidate":
        """With a box (x0, y0, x1, y1), edges, x1 and y1 exclusive, in place of an earlier one."""
        x0, x1 = sorted((box[0], box[2]))
        y0, y1 = sorted((box[1], box[3]))
        if x1 - x0 < 1 or y1 - y0 < 1:
            raise BadInput("the box is smaller than a pixel: drag from one corner of the object to the other")
        return self._with(box=(x0, y0, x1, y1))

    def pasted(self, mask: Mask) -> "Candidate":
        """With a rough mask, (H, W) bool, in place of an earlier one."""
        if not mask.any():
            raise BadInput("the mask to paste is empty")
        return self._with(rough=encode_rle(mask))

    def described(self, text: str) -> "Candidate":
        """With a phrase in place of an earlier one."""
        if not text.strip():
            raise BadInput('type what to look for, such as "left wheel"')
        return self._with(text=text.strip())

    def withdrawn(self) -> "Candidate":
        """Without the last hint; the ladder shown stays until the new one comes. Empty when there was no other."""
        if self.before is None or (self.before.empty and not self.before.queued):
            return Candidate()
        if self.before.empty:
            return replace(self.before, began=self.began, effort=self.effort)
        shown = replace(self.before, ladder=self.ladder, rung=self.rung, moved=self.moved)
        return replace(shown, began=self.began, effort=self.effort)

    def answered(self, ladder: Ladder) -> "Candidate":
        """With its ladder, at the rung of best score or, once a person moved along it, at the one nearest in area."""
        shown = self.proposal
        if shown is None or not self.moved:
            rung = max(range(len(ladder)), key=lambda index: ladder[index].score)
        else:
            rung = min(range(len(ladder)), key=lambda index: abs(ladder[index].area - shown.area))
        return replace(self, ladder=ladder, rung=rung, touched=None, edits=0)

    def at(self, rung: int) -> "Candidate":
        """At another rung, held between the smallest mask (0) and the largest."""
        last = 0 if self.ladder is None else len(self.ladder) - 1
        return replace(self, rung=min(max(rung, 0), last), moved=True, touched=None, edits=0)

    def touched_up(self, mask: Mask, edits: int) -> "Candidate":
        """With a mask, (H, W) bool, that a person painted in that many strokes."""
        return replace(self, touched=encode_rle(mask) if edits else None, edits=edits)

    @property
    def _points_somewhere(self) -> bool:
        return self.box is not None or self.rough is not None or self.text is not None

    def _check_sign(self, positive: bool) -> None:
        said = any(click.positive for click in self.clicks) or any(stroke.label for stroke in self.strokes)
        if not positive and not said and not self._points_somewhere and not self.queued:
            raise BadInput("click on the object first; then Alt+click takes away what does not belong to it")

    def _with(self, **hint: object) -> "Candidate":
        """With a hint more; hints on a mask that was proposed unasked correct that mask."""
        asked = self
        if self.queued and self.rough is None and self.proposal is not None:
            asked = replace(self, rough=self.proposal.rle)
        return replace(asked, **hint, effort=self.effort + 1, before=self)  # type: ignore[arg-type]

"""The mask being made: what was clicked so far, the ladder it gave, the rung shown. Every step is a new value."""

from dataclasses import dataclass, replace

from semsam_annotate.api import BadInput, Box, Ladder, Point, Prompt, Proposal


@dataclass(frozen=True)
class Click:
    """One click: pixel (x, y), and whether it belongs to the mask."""

    point: Point
    positive: bool = True


@dataclass(frozen=True)
class Candidate:
    """Clicks and box, their ladder (None until the engine answered) and the rung shown.

    ``moved``: whether a person moved along the ladder. ``began``: clock time in seconds of the first click. ``effort``:
    clicks made for it, withdrawn ones included.
    """

    clicks: tuple[Click, ...] = ()
    box: Box | None = None
    ladder: Ladder | None = None
    rung: int = 0
    moved: bool = False
    began: float = 0.0
    effort: int = 0

    @property
    def empty(self) -> bool:
        """Whether nothing was pointed at yet."""
        return not self.clicks and self.box is None

    @property
    def prompt(self) -> Prompt:
        """What the engine is asked; BadInput when there is no positive click and no box."""
        return Prompt([click.point for click in self.clicks], [int(click.positive) for click in self.clicks], self.box)

    @property
    def proposal(self) -> Proposal | None:
        """The mask shown, or None while the engine has not answered."""
        return None if self.ladder is None else self.ladder[self.rung]

    def clicked(self, click: Click) -> "Candidate":
        """With one more click; the ladder shown stays until the new one comes."""
        if not click.positive and self.box is None and not any(earlier.positive for earlier in self.clicks):
            raise BadInput("click on the object first; then Alt+click takes away what does not belong to it")
        return replace(self, clicks=(*self.clicks, click), effort=self.effort + 1)

    def boxed(self, box: Box) -> "Candidate":
        """With a box (x0, y0, x1, y1), edges, x1 and y1 exclusive, in place of an earlier one."""
        x0, x1 = sorted((box[0], box[2]))
        y0, y1 = sorted((box[1], box[3]))
        if x1 - x0 < 1 or y1 - y0 < 1:
            raise BadInput("the box is smaller than a pixel: drag from one corner of the object to the other")
        return replace(self, box=(x0, y0, x1, y1), effort=self.effort + 1)

    def withdrawn(self) -> "Candidate":
        """Without the last click, or without the box when there is none; empty when no positive click is left."""
        if not self.clicks:
            return Candidate()
        shorter = replace(self, clicks=self.clicks[:-1])
        alive = shorter.box is not None or any(click.positive for click in shorter.clicks)
        return shorter if alive else Candidate()

    def answered(self, ladder: Ladder) -> "Candidate":
        """With its ladder, at the rung of best score or, once a person moved along it, at the one nearest in area."""
        shown = self.proposal
        if shown is None or not self.moved:
            rung = max(range(len(ladder)), key=lambda index: ladder[index].score)
        else:
            rung = min(range(len(ladder)), key=lambda index: abs(ladder[index].area - shown.area))
        return replace(self, ladder=ladder, rung=rung)

    def at(self, rung: int) -> "Candidate":
        """At another rung, held between the smallest mask (0) and the largest."""
        last = 0 if self.ladder is None else len(self.ladder) - 1
        return replace(self, rung=min(max(rung, 0), last), moved=True)

"""Fine-tuning from the tab of a window, with clicks meanwhile: to its verdict, promoted, rolled back; stopped."""

import sys
from pathlib import Path

from window_person import Person, window

from semsam_annotate.napari.widgets.train_tab import TrainTab

STEPS = 60
SCRIPT = Path(__file__).parents[1] / "tiny_retrain.py"
PLACES = ((30.0, 30.0), (60.0, 40.0), (45.0, 70.0), (20.0, 60.0))


def train(folder: Path) -> dict[str, float]:
    """On the project in a folder; the seconds that a click took before and while it learned."""
    with window(folder, again=True) as person:
        tab = person.dock.train
        tab.run._command = [sys.executable, str(SCRIPT), str(folder / "project"), str(STEPS)]
        before = person.click(PLACES[0])
        packaged = person.session.candidate.proposal.model
        person.tab("Train")
        person.wait(lambda: "To learn from: " in tab.counts.text(), 10)
        tab.buttons["start"].click()
        assert tab.run.busy
        meanwhile = clicks_while_it_learns(person, tab)
        person.wait(lambda: not tab.run.busy, 400)
        assert tab.run.stage == "finished", tab.error.text()
        assert len(tab.run.progress.curve) == STEPS
        person.rest(0.5)
        person.look(folder / "verdict.png")
        assert not tab.run.verdict.better  # of so few masks nobody can say
        assert tab.headline.text() == tab.run.verdict.headline
        assert model_of(person, 1) == packaged
        promote_and_roll_back(person, tab, packaged)
        stop_midway(person, tab, folder)
        return {"click_before_s": before, "click_while_learning_s": max(meanwhile)}


def clicks_while_it_learns(person: Person, tab: TrainTab) -> list[float]:
    """Clicks are answered while the curve grows."""
    person.wait(lambda: len(tab.run.progress.curve) > 1, 300)
    seen, took = [len(tab.run.progress.curve)], []
    for point in PLACES:
        if seen[-1] < STEPS:
            took.append(person.click(point))
            seen.append(len(tab.run.progress.curve))
    assert len(set(seen)) > 2, seen
    assert tab.curve.isVisible()
    assert "left" in tab.work.text() or seen[-1] == STEPS
    return took


def promote_and_roll_back(person: Person, tab: TrainTab, packaged: str) -> None:
    """A model that the gate has not let through serves only when a person wants it, and until then."""
    new = tab.run.verdict.version
    assert tab.buttons["promote"].text() == "Promote anyway"
    tab.buttons["promote"].click()
    person.wait(lambda: tab.run.model.active == new and not tab.run.model.busy, 120)
    assert model_of(person, 2) == new
    tab.buttons["roll back"].click()
    person.wait(lambda: tab.run.model.active != new and not tab.run.model.busy, 120)
    assert model_of(person, 3) == packaged


def stop_midway(person: Person, tab: TrainTab, folder: Path) -> None:
    """A training that is stopped leaves everything as it was, and another one can start."""
    serving = tab.run.model.active
    tab.buttons["start"].click()
    person.wait(lambda: len(tab.run.progress.curve) > 1 and tab.run.stage == "running", 300)
    tab.buttons["stop"].click()
    person.wait(lambda: not tab.run.busy, 60)
    assert (tab.run.stage, tab.run.model.active) == ("stopped", serving)
    assert tab.buttons["start"].isEnabled()
    assert not list((folder / "project" / "models").glob(".retrain-*"))
    person.click(PLACES[0])


def model_of(person: Person, place: int) -> str:
    """The version of the model that answers a click."""
    person.click(PLACES[place])
    return person.session.candidate.proposal.model

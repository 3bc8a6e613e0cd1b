"""Whatever a person does, in whatever order, while the engine dies: nothing is raised, lost or left behind."""

import random

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image
from napari.utils.key_bindings import coerce_keybinding
from PIL import Image as PillowImage

from semsam_annotate.napari.canvas.annotator import Annotator
from semsam_annotate.napari.canvas.keys import KEYS
from semsam_annotate.napari.canvas.layers import ACCEPTED, BOX, CANDIDATE, CLICKS
from semsam_annotate.napari.canvas.touching import NAME
from semsam_annotate.napari.state.session import AnnotationSession

OURS = {CANDIDATE, ACCEPTED, CLICKS, BOX}
LETTERS = ["1", "2", "6", "C", "W"]


@pytest.fixture
def annotator(ledger, worker, scene, tmp_path):
    paths = [tmp_path / f"{number}.png" for number in range(3)]
    for number, path in enumerate(paths):
        PillowImage.fromarray(np.ascontiguousarray(np.roll(scene[number * 8 :], 4 * number, axis=1))).save(path)
    annotator = Annotator(ViewerModel(), AnnotationSession(ledger), worker)
    annotator.open_files(paths)
    yield annotator
    annotator.close()


class Chaos:
    """A person who does anything at all."""

    def __init__(self, annotator, hand, link, scene, seed):
        self.annotator, self.hand, self.link, self.scene = annotator, hand, link, scene
        self.rng, self.viewer = random.Random(seed), annotator.viewer

    def act(self):
        rng, viewer = self.rng, self.viewer
        here = (rng.uniform(-20, 140), rng.uniform(-20, 180))
        actions = [
            (6, lambda: self.hand.drag(here, modifiers=rng.choice([(), ("Shift",), ("Alt",), ("Control",)]))),
            (3, lambda: self.hand.drag(here, here[::-1], modifiers=rng.choice([(), ("Shift",), ("Control",)]))),
            (2, lambda: self.hand.wheel(rng.choice([-1.0, 1.0]), "Shift")),
            (9, lambda: self.press(rng.choice([*(key.key for key in KEYS), *LETTERS]))),
            (4, lambda: self.hand.pump.until(lambda: not self.annotator.session.waiting)),
            (2, lambda: setattr(viewer.cursor, "position", here)),
            (2, lambda: self.hand.move(here)),
            (2, lambda: setattr(viewer.layers.selection, "active", rng.choice(list(viewer.layers)))),
            (1, self.link.kill),
            (1, self.add_layer),
            (1, self.remove_layer),
            (1, lambda: viewer.layers.move(rng.randrange(len(viewer.layers)), rng.randrange(len(viewer.layers)))),
            (1, lambda: setattr(rng.choice(list(viewer.layers)), "name", f"named {rng.randrange(9)}")),
            (2, self.paint),
            (2, self.edit),
        ]
        rng.choices([action for _, action in actions], [weight for weight, _ in actions])[0]()

    def press(self, key):
        providers = [provider for provider in (self.viewer, *self.viewer.layers) if self.bound(provider, key)]
        if providers:
            self.hand.press(key, self.rng.choice(providers))

    @staticmethod
    def bound(provider, key):
        return coerce_keybinding(key) in {coerce_keybinding(one) for one in provider.keymap}

    def add_layer(self):
        if len(self.viewer.layers) < 9:
            small = self.scene[:: self.rng.choice([1, 2])]
            layer = self.rng.choice([lambda: small.copy(), lambda: small[..., 0].copy()])()
            if self.rng.random() < 0.5:
                self.viewer.add_image(layer)
            else:
                self.viewer.add_labels((small[..., 1] < 100).astype(int))

    def remove_layer(self):
        images = [layer for layer in self.viewer.layers if isinstance(layer, Image)]
        layer = self.rng.choice(list(self.viewer.layers))
        if layer is not self.annotator.image or len(images) > 1:
            self.viewer.layers.remove(layer)

    def paint(self):
        layer = self.annotator.touch_layer.layer
        if layer is not None:
            layer.paint([self.rng.randrange(90), self.rng.randrange(150)], self.rng.choice([0, 1]))

    def edit(self):
        editing, accepted = self.annotator.editing, self.annotator.session.accepted
        ids = [mask.id for mask in accepted if self.rng.random() < 0.4]
        editing.select(ids)
        wish = self.rng.choice(
            [
                lambda: editing.merge(ids),
                lambda: editing.delete(ids, with_parts=True),
                lambda: editing.mark(ids, locked=self.rng.random() < 0.3),
                lambda: editing.mark(ids, hidden=self.rng.random() < 0.5),
                lambda: ids and editing.attach([ids[0]], self.rng.choice([None, *ids[1:]])),
                lambda: ids and editing.rename(ids[0], self.rng.choice(["car", "bus", ""]), ""),
            ]
        )
        self.annotator.run(wish)


@pytest.mark.parametrize("count", [300, pytest.param(5000, marks=pytest.mark.stress)])
def test_any_order_of_events_loses_and_leaves_nothing(annotator, hand_of, ledger, pump, link, scene, count):
    person, session = Chaos(annotator, hand_of(annotator), link, scene, 11), annotator.session
    for number in range(count):
        person.act()
        if number % 10 == 0 and session.picture is not None:
            assert session.accepted == ledger.masks(session.picture)
    annotator.run(annotator.touch.keep)
    pump.until(lambda: not session.waiting and not annotator.carrying.running)
    made = [layer for layer in annotator.viewer.layers if annotator.layers.owns(layer)]
    assert len(made) <= len(OURS)
    assert not [layer for layer in annotator.viewer.layers if layer.name.startswith(NAME)]
    for record in ledger._project.store.annotations():
        assert record.part_of is None or ledger.record(record.part_of).image == record.image
    for _ in range(count):
        if ledger.undo(session.picture) is None:
            break
    assert ledger.masks(session.picture) == []

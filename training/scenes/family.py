"""Which objects a scene may hold: the base family that ships training, and one that training never sees."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from semsam_annotate.api import BadInput
from semsam_annotate.training.scenes import (
    animals,
    buildings,
    heldout,
    household,
    people,
    plants,
    vehicles,
)
from semsam_annotate.training.scenes.gadgets import board, clock, guitar, laptop, robot, scissors
from semsam_annotate.training.scenes.lumps import lumps
from semsam_annotate.training.scenes.node import Node

Maker: TypeAlias = Callable[[np.random.Generator], Node]

VEHICLES: tuple[Maker, ...] = (
    vehicles.truck, vehicles.bus, vehicles.bicycle, vehicles.boat, vehicles.airplane, vehicles.tractor,
    vehicles.helicopter,
)  # fmt: skip
BUILDINGS: tuple[Maker, ...] = (
    buildings.house, buildings.facade, buildings.facade, buildings.church, buildings.tent, buildings.gate,
)  # fmt: skip
ANIMALS: tuple[Maker, ...] = (
    animals.quadruped, animals.quadruped, animals.cat, animals.cat, animals.bird, animals.fish, animals.butterfly,
    animals.turtle, animals.snail, animals.ladybird,
)  # fmt: skip
PLANTS: tuple[Maker, ...] = (
    plants.potted_plant, plants.flower, plants.tree, plants.conifer, plants.mushroom, plants.leaf, plants.leaf,
    plants.cactus, plants.cell,
)  # fmt: skip
PEOPLE: tuple[Maker, ...] = (people.person, people.person, people.person, people.face, people.teddy, robot)
THINGS: tuple[Maker, ...] = (
    household.cup, household.bottle, household.chair, household.cabinet, household.meal, household.umbrella,
    household.backpack, household.pizza, household.ball, clock, guitar, laptop,
    scissors, board,
)  # fmt: skip
BASE = VEHICLES + BUILDINGS + ANIMALS + PLANTS + PEOPLE + THINGS + (lumps, lumps, lumps)
HELD_OUT: tuple[Maker, ...] = (
    heldout.lantern, heldout.windmill, heldout.balloon, heldout.snowman, heldout.crab, heldout.rocket, heldout.teapot,
    heldout.octopus,
)  # fmt: skip

# As many names as a minute of fine-tuning can learn.
FEW: tuple[Maker, ...] = (heldout.lantern, heldout.windmill, heldout.teapot)

# Solid things without thin limbs, on tidy backdrops: what a panoptic model learns in an hour.
SOLID: tuple[Maker, ...] = (
    household.ball, household.bottle, plants.mushroom, heldout.balloon, buildings.house, vehicles.bus, people.face,
)  # fmt: skip


@dataclass(frozen=True)
class Family:
    """``makers`` of objects, each as often as it should be drawn. ``tidy``: named backdrops, two to four objects.

    ``photos``: on pieces of real photos, of which nobody says what they show.
    """

    makers: tuple[Maker, ...]
    tidy: bool = False
    photos: bool = False


FAMILIES: dict[str, Family] = {
    "base": Family(BASE),
    "base-on-photos": Family(BASE, photos=True),
    "held-out": Family(HELD_OUT),
    "few": Family(FEW),
    "solid": Family(SOLID, tidy=True),
}


def family_of(name: str) -> Family:
    """The family of a name; BadInput for a name that there is none of."""
    if name not in FAMILIES:
        raise BadInput(f"there is no family of scenes called {name!r}, only {', '.join(FAMILIES)}")
    return FAMILIES[name]

"""Training configuration: dataclasses read from TOML; an unknown key is an error that names the nearest known."""

import difflib
import tomllib
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, get_type_hints

from semsam_annotate.api import BadInput
from semsam_annotate.training.criterion import CriterionConfig, LossWeights

RECIPES = Path(__file__).parent / "recipes"


@dataclass(frozen=True)
class DataConfig:
    """What a step is drawn from."""

    packs: tuple[str, ...] = ()
    """Pack files (``python -m semsam_annotate.training.data.pack`` writes them)."""
    scenes: float = 0.3
    """Share of generated scenes in every batch; 1.0 needs no packs."""
    scene_family: str = "base"
    balance: float = 0.5
    """A source is drawn in proportion to its number of images to this power: 1 as they come, 0 sources alike."""
    focus: float = 0.0
    """Share of the photos that comes from the first pack (fine-tuning); 0 leaves it to ``balance``."""


@dataclass(frozen=True)
class PromptConfig:
    """What is asked of every image."""

    count: int = 12
    corrections: int = 3
    """That many of them get a second, corrective click (sometimes a third), from the network's own answer."""
    boxes: float = 0.1
    """Share of the rest that is asked with a box."""
    centred: float = 0.6
    """Share of clicks at the innermost point of the mask; the others anywhere in it."""
    previous: float = 0.0
    """Share of the corrected questions that show the network its own mask of the round before."""
    area_power: float = 0.2
    """Masks are asked for in proportion to their area to this power; 0 asks for the many tiny ones mostly."""


@dataclass(frozen=True)
class GenericCosts:
    """Weights of matching costs and losses alike, the published ones of Mask DINO; the last two cost nothing."""

    object_class: float = 4.0
    bce: float = 5.0
    dice: float = 5.0
    box: float = 5.0
    giou: float = 2.0
    iou: float = 1.0
    kind: float = 0.5


@dataclass(frozen=True)
class GenericConfig:
    """Training of the generic branch, which finds everything of a vocabulary without a prompt."""

    queries: int = 0
    """Queries that a model without that branch gets; 0 trains no such branch."""
    weight: float = 1.0
    """Factor for all of its losses."""
    parts: bool = True
    """Learn to find parts as well as objects."""
    weights: GenericCosts = field(default_factory=GenericCosts)


@dataclass(frozen=True)
class ScheduleConfig:
    """How long and how fast."""

    steps: int = 5000
    batch: int = 8
    lr: float = 8e-4
    warmup: int = 200
    decay: float = 0.35
    """Share of the steps, the last ones, over which the learning rate falls to zero along a cosine."""
    weight_decay: float = 0.05
    clip: float = 1.0
    encoder_lr: float = 1.0
    """Factor for the image encoder (the published recipe has 0.1 on a pretrained one)."""
    size: int = 256
    final_size: int = 0
    """Side of the training crops during the last ``final_share`` of the steps; 0 keeps ``size``."""
    final_share: float = 0.2
    freeze_norms: bool = False
    """Keep batch statistics as they are (fine-tuning on little data)."""
    freeze_features: bool = False
    """Train the mask decoder, class heads and text tower alone, on features that stay as they are."""


@dataclass(frozen=True)
class TrainConfig:
    """A whole run."""

    model: str = "semsam-tiny"
    """A preset of ``semsam_annotate.model.presets``, "default" (the packaged weights), or a checkpoint file."""
    input_side: int = 0
    """Side that the finished model scales images to, best that of the crops; 0 keeps the model's own."""
    seed: int = 0
    workers: int = 1
    threads: int = 0
    """CPU threads of the network, 0 for all."""
    bf16: bool = True
    """Run the image encoder and the pixel decoder in bfloat16."""
    checkpoint_every: int = 200
    data: DataConfig = field(default_factory=DataConfig)
    prompts: PromptConfig = field(default_factory=PromptConfig)
    generic: GenericConfig = field(default_factory=GenericConfig)
    schedule: ScheduleConfig = field(default_factory=ScheduleConfig)
    criterion: CriterionConfig = field(
        default_factory=lambda: CriterionConfig(
            points=1024,
            truth_stride=2,
            soft_dice_score=False,
            weights=LossWeights(bce=5.0, dice=5.0, box=2.0, giou=1.0, iou=2.0, clicked_iou=4.0),
        )
    )

    def __post_init__(self) -> None:
        if not 0 <= self.data.scenes <= 1:
            raise BadInput("data.scenes is a share from 0 to 1")
        if self.data.scenes < 1 and not self.data.packs:
            raise BadInput("data.packs is empty: name a pack file, or set data.scenes = 1.0 to train on scenes alone")
        if self.prompts.corrections >= self.prompts.count:
            raise BadInput("prompts.corrections must be less than prompts.count")
        for side in (self.schedule.size, self.schedule.final_size, self.input_side):
            if side % 32:
                raise BadInput(f"schedule.size, final_size and input_side are multiples of 32, not {side}")

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)


def read_config(path: Path, packs: list[str] | None = None) -> TrainConfig:
    """Read a TOML file, or a packaged recipe by its name; BadInput names what is missing, misspelt or not TOML.

    ``packs`` replaces the pack files that it names.
    """
    recipe = RECIPES / f"{path.name}.toml"
    try:
        content = tomllib.loads((path if path.exists() or not recipe.is_file() else recipe).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        known = ", ".join(sorted(found.stem for found in RECIPES.glob("*.toml")))
        raise BadInput(f"there is no configuration {path}; the packaged recipes are {known}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{path} is not valid TOML: {error}") from error
    if packs is not None:
        content.setdefault("data", {})["packs"] = packs
    return config_from_json(content)


def config_from_json(value: dict[str, Any]) -> TrainConfig:
    """A configuration from plain values, defaults for what is left out."""
    built: TrainConfig = _build(TrainConfig(data=DataConfig(scenes=1.0)), value, "")
    return built


def _build(default: Any, value: dict[str, Any], prefix: str) -> Any:
    """``default`` with the values given, tables nested like the dataclasses."""
    if not isinstance(value, dict):
        raise BadInput(f"{prefix.rstrip('.')} is a table of settings")
    known = [item.name for item in fields(default)]
    hints = get_type_hints(type(default))
    chosen = {name: getattr(default, name) for name in known}
    if isinstance(default, TrainConfig):
        chosen["data"] = DataConfig()
    for name, item in value.items():
        if name not in known:
            nearest = difflib.get_close_matches(name, known, 1, 0.0)[0]
            raise BadInput(f"unknown setting {prefix}{name}, did you mean {prefix}{nearest}?")
        old = chosen[name]
        chosen[name] = (
            _build(old, item, f"{prefix}{name}.") if is_dataclass(old) else _checked(hints[name], item, prefix + name)
        )
    return type(default)(**chosen)


def _checked(kind: Any, value: Any, name: str) -> Any:
    if isinstance(value, list):
        value = tuple(value)
    expected = getattr(kind, "__origin__", kind)
    if expected is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if not isinstance(value, expected) or (expected is not bool and isinstance(value, bool)):
        raise BadInput(f"{name} is a {expected.__name__}, not {value!r}")
    return value

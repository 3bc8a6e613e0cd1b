"""The settings of a whole run."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from semsam_annotate.api import BadInput
from semsam_annotate.training.config.augment import AugmentConfig
from semsam_annotate.training.config.data import DataConfig, PromptConfig
from semsam_annotate.training.config.generic import GenericConfig
from semsam_annotate.training.config.running import GuardConfig, ParallelConfig, ScheduleConfig, WatchConfig
from semsam_annotate.training.criterion import CriterionConfig, LossWeights


@dataclass(frozen=True)
class TrainConfig:
    """A whole run."""

    model: str = "semsam-tiny"
    """A preset of ``semsam_annotate.model.presets``, "default" (the packaged weights), or a checkpoint file."""
    text_tower: Literal["own", "subwords", "clip"] = "own"
    """Tower that a preset without one gets, so that it learns names; "own" leaves the model as it is."""
    input_side: int = 0
    """Side that the finished model scales images to, best that of the crops; 0 keeps the model's own."""
    mask_padding: bool = False
    """Hide what lies beyond the picture from attention; off leaves it to the model."""
    seed: int = 0
    workers: int = 1
    threads: int = 0
    """CPU threads of the network, 0 for all."""
    bf16: bool = True
    """Run the image encoder and the pixel decoder in bfloat16, where the device multiplies such numbers."""
    activation_checkpointing: bool = False
    """Compute what the layers' gradients need a second time instead of keeping it: less memory, more time."""
    checkpoint_every: int = 200
    data: DataConfig = field(default_factory=DataConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    prompts: PromptConfig = field(default_factory=PromptConfig)
    generic: GenericConfig = field(default_factory=GenericConfig)
    schedule: ScheduleConfig = field(default_factory=ScheduleConfig)
    parallel: ParallelConfig = field(default_factory=ParallelConfig)
    guard: GuardConfig = field(default_factory=GuardConfig)
    watch: WatchConfig = field(default_factory=WatchConfig)
    criterion: CriterionConfig = field(
        default_factory=lambda: CriterionConfig(
            points=1024,
            truth_stride=2,
            score_target="iou",
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

        for name, one in self.data.sets.items():
            if not one.prompted and not self.generic.queries:
                raise BadInput(f"data.sets.{name} trains the generic branch alone, and generic.queries is 0")

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)

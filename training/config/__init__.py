"""Training configuration: dataclasses read from TOML; an unknown key is an error that names the nearest known."""

from semsam_annotate.training.config.augment import AugmentConfig
from semsam_annotate.training.config.data import DataConfig, PromptConfig, SetConfig
from semsam_annotate.training.config.generic import GenericConfig, GenericCosts
from semsam_annotate.training.config.running import GuardConfig, ParallelConfig, ScheduleConfig, WatchConfig
from semsam_annotate.training.config.toml import RECIPES, config_from_json, read_config
from semsam_annotate.training.config.whole import TrainConfig

__all__ = [
    "RECIPES",
    "AugmentConfig",
    "DataConfig",
    "GenericConfig",
    "GenericCosts",
    "GuardConfig",
    "ParallelConfig",
    "PromptConfig",
    "ScheduleConfig",
    "SetConfig",
    "TrainConfig",
    "WatchConfig",
    "config_from_json",
    "read_config",
]

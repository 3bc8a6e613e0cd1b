"""Text towers: names to embeddings, offline, for any string."""

from semsam_annotate.model.config import ModelConfig
from semsam_annotate.model.text.clip_tower import ClipTextTower
from semsam_annotate.model.text.subwords import subword_ids
from semsam_annotate.model.text.tower import TextTower

__all__ = ["ClipTextTower", "TextTower", "build_text_tower", "subword_ids"]


def build_text_tower(config: ModelConfig) -> TextTower | ClipTextTower | None:
    """The tower that belongs to the class heads of a configuration, None for a model that knows no names."""
    if config.clip_text is not None:
        return ClipTextTower(config.clip_text, config.mask_decoder.text_dim)
    return None if config.text is None else TextTower(config.text, config.mask_decoder.text_dim)

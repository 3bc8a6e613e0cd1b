"""Our parameter names and those of the published Semantic-SAM checkpoints."""

import re

_RULES = (
    (r"^image_encoder\.", "backbone."),
    (r"^pixel_decoder\.level_embed", "sem_seg_head.pixel_decoder.transformer.level_embed"),
    (r"^pixel_decoder\.layers\.", "sem_seg_head.pixel_decoder.transformer.encoder.layers."),
    (r"^pixel_decoder\.lateral\.(conv\.)?", "sem_seg_head.pixel_decoder.adapter_1."),
    (r"^pixel_decoder\.output\.(conv\.)?", "sem_seg_head.pixel_decoder.layer_1."),
    (r"^pixel_decoder\.", "sem_seg_head.pixel_decoder."),
    (r"^mask_decoder\.heads\.mask_head\.", "sem_seg_head.predictor.mask_embed."),
    (r"^mask_decoder\.heads\.box_head\.", "sem_seg_head.predictor._bbox_embed."),
    (r"^mask_decoder\.heads\.iou_head\.", "sem_seg_head.predictor.iou_prediction_head."),
    (r"^mask_decoder\.(layers|ref_point_head)\.", r"sem_seg_head.predictor.decoder.\1."),
    (r"^mask_decoder\.", "sem_seg_head.predictor."),
    (r"^class_heads\.(class_embed|class_embed_part)$", r"sem_seg_head.predictor.\1"),
    (r"^text_tower\.projection$", "sem_seg_head.predictor.lang_encoder.lang_proj"),
    (r"^text_tower\.layers\.", "sem_seg_head.predictor.lang_encoder.lang_encoder.resblocks."),
    (
        r"^text_tower\.(positional_embedding|token_embedding\.|ln_final\.)",
        r"sem_seg_head.predictor.lang_encoder.lang_encoder.\1",
    ),
    (r"^class_heads\.logit_scale$", "sem_seg_head.predictor.lang_encoder.logit_scale"),
)


def published_name(name: str) -> str | None:
    """The published checkpoint's key for one of our parameters, None for what the published models do not have."""
    for pattern, replacement in _RULES:
        renamed, count = re.subn(pattern, replacement, name)
        if count:
            return renamed
    return None

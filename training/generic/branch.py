"""A generic branch for a network that was made without one."""

from collections.abc import Sequence
from dataclasses import replace

from semsam_annotate.model.mask_decoder import MaskDecoder
from semsam_annotate.model.network import SemanticSam


def with_generic_branch(network: SemanticSam, queries: int, tokens: Sequence[int] = ()) -> SemanticSam:
    """The network with ``queries`` generic queries, all else as it was; itself when it has some or needs none.

    New queries begin as clicks on a grid, each place asked at the granularities of ``tokens`` (all when left out), so
    that what the network learned from clicks is where they start.
    """
    if not queries or network.mask_decoder.generic_queries is not None:
        return network
    config = network.config
    grown = SemanticSam(replace(config, mask_decoder=replace(config.mask_decoder, generic_queries=queries)))
    grown.load_state_dict(network.state_dict(), strict=False)
    start_as_clicks(grown.mask_decoder, config.input.point_size, tokens or range(config.mask_decoder.granularities))
    return grown


def start_as_clicks(decoder: MaskDecoder, point_size: float, tokens: Sequence[int]) -> None:
    """Set the generic queries to what clicks on a grid would ask, one granularity after the other."""
    assert decoder.generic_queries is not None
    content = decoder.label_enc.weight[0] + decoder.pb_embedding.weight[0] + decoder.mask_tokens.weight[list(tokens)]
    decoder.generic_queries.start_from(content, point_size)

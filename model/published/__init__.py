"""How the published demo asks, ranks, filters and cleans: for parity with recorded results, not for annotating.

The engine answers differently on purpose (``model/engine``): prompts never see each other, masks come at the image's
own resolution, and cleaning spares what a mask leaves open at the image's border.
"""

from semsam_annotate.model.published.automatic import AutomaticMask, AutomaticSettings, generate
from semsam_annotate.model.published.encoded import DEFAULT_CLICK, EncodedInput, as_prompts
from semsam_annotate.model.published.predictor import Ranking, RankingSettings, predict, rank

__all__ = [
    "DEFAULT_CLICK",
    "AutomaticMask",
    "AutomaticSettings",
    "EncodedInput",
    "Ranking",
    "RankingSettings",
    "as_prompts",
    "generate",
    "predict",
    "rank",
]

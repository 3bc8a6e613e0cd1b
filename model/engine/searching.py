"""The part of an engine that searches what an image holds, by words and by example."""

import torch

from semsam_annotate.api import ALIKE, Embedding, Mask, Prompt, Proposal, StaleEmbedding, Vocabulary
from semsam_annotate.api.automatic import standing
from semsam_annotate.model.engine.catalogue import Catalogue, CatalogueCache, catalogue_of, describe
from semsam_annotate.model.engine.search import Search, check_names, checked_example, pointed_at
from semsam_annotate.model.engine.whole_image import WholeImageEngine


class SearchingEngine(WholeImageEngine):
    """``find`` and ``alike``, for an engine that searches whole images."""

    _catalogues: CatalogueCache

    def find(self, embedding: Embedding, text: str, vocabulary: Vocabulary | None = None) -> list[Proposal]:
        """Everything in the image, what the text names first; see ``Search.by_text`` for how it is ranked."""
        image = self._image(embedding)
        check_names(image.model)
        with torch.inference_mode():
            return Search(image.model, self._catalogue(embedding)).by_text(text, vocabulary)

    def alike(
        self,
        embedding: Embedding,
        example: Mask | Proposal,
        source: Embedding | None = None,
        threshold: float = ALIKE,
        vocabulary: Vocabulary | None = None,
    ) -> list[Proposal]:
        """What looks like an example of this image or of ``source``; see ``Search.by_example``."""
        image, origin = self._image(embedding), self._image(source or embedding)
        if image.model is not origin.model:
            raise StaleEmbedding("the example was encoded with another model: encode both images again")
        mask = checked_example(example, origin.frame.image)
        with torch.inference_mode():
            described = describe(origin, lambda asked: self._decode(origin, asked), [mask])
            return Search(image.model, self._catalogue(embedding)).by_example(described, threshold, vocabulary)

    def _pointed(self, embedding: Embedding, prompt: Prompt, vocabulary: Vocabulary | None) -> Prompt:
        """The prompt with its text turned into a click."""
        if prompt.text is None:
            return prompt
        return pointed_at(prompt, self.find(embedding, prompt.text, vocabulary))

    def _catalogue(self, embedding: Embedding) -> Catalogue:
        """Everything in the image, searched for once."""
        image = self._image(embedding)

        def make() -> Catalogue:
            found = standing(self.auto_stream(embedding))  # a tree leaves out siblings that overlap
            return catalogue_of(image, lambda asked: self._decode(image, asked), found)

        return self._catalogues.get(embedding.key, make)

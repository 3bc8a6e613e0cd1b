"""XML from outside: no document type, so no entities to expand and nothing to fetch; bounded in size and depth."""

from xml.etree import ElementTree

from semsam_annotate.api import BadInput

MAX_CHARACTERS = 1_000_000
MAX_DEPTH = 50
MAX_ELEMENTS = 20_000


class _Plain(ElementTree.TreeBuilder):
    """Entities, internal or external, can only be declared in a document type: the parser stops at its first word.

    Deeper than a config ever is, or with more elements, it stops too: whoever reads the tree walks it more than once.
    """

    def __init__(self) -> None:
        super().__init__()
        self._depth = self._elements = 0

    def start(self, tag: str, attrs: dict[str, str]) -> ElementTree.Element:  # type: ignore[override]
        """Count."""
        self._depth, self._elements = self._depth + 1, self._elements + 1
        if self._depth > MAX_DEPTH or self._elements > MAX_ELEMENTS:
            raise BadInput(f"a labelling config has at most {MAX_DEPTH} levels and {MAX_ELEMENTS} elements")
        return super().start(tag, attrs)

    def end(self, tag: str) -> ElementTree.Element:
        """Count."""
        self._depth -= 1
        return super().end(tag)

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        """Refuse."""
        raise BadInput("a labelling config has no <!DOCTYPE> and declares no entities")


def parse_xml(text: str) -> ElementTree.Element:
    """The root element; BadInput when it is not well-formed, too long or has a document type."""
    if not isinstance(text, str) or len(text) > MAX_CHARACTERS:
        raise BadInput(f"a labelling config is XML text of at most {MAX_CHARACTERS} characters")
    parser = ElementTree.XMLParser(target=_Plain())
    try:
        parser.feed(text.encode("utf-8", "replace"))
        root: ElementTree.Element = parser.close()
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        if isinstance(error, BadInput):
            raise
        raise BadInput(f"the labelling config is not well-formed XML: {error}") from error
    return root

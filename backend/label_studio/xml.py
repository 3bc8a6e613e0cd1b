"""XML from outside: no document type, so no entities to expand and nothing to fetch; bounded in size."""

from xml.etree import ElementTree

from semsam_annotate.api import BadInput

MAX_CHARACTERS = 1_000_000


class _NoDoctype(ElementTree.TreeBuilder):
    """Entities, internal or external, can only be declared in a document type: the parser stops at its first word."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        """Refuse."""
        raise BadInput("a labelling config has no <!DOCTYPE> and declares no entities")


def parse_xml(text: str) -> ElementTree.Element:
    """The root element; BadInput when it is not well-formed, too long or has a document type."""
    if not isinstance(text, str) or len(text) > MAX_CHARACTERS:
        raise BadInput(f"a labelling config is XML text of at most {MAX_CHARACTERS} characters")
    parser = ElementTree.XMLParser(target=_NoDoctype())
    try:
        parser.feed(text.encode("utf-8", "replace"))
        root: ElementTree.Element = parser.close()
    except (ElementTree.ParseError, ValueError) as error:
        if isinstance(error, BadInput):
            raise
        raise BadInput(f"the labelling config is not well-formed XML: {error}") from error
    return root

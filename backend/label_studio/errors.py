"""What may work later."""

from semsam_annotate.api import BadInput


class TryLater(BadInput):
    """Label Studio cannot be reached yet, or its token is not known yet; the same request may work later."""

"""Errors that a person can act on: one line that names what is wrong and what would be right."""


class SemsamError(Exception):
    """Base of every error that the command line and the servers show without a traceback.

    It is one line, whatever a file or a request holds that it speaks of: what does not print is told by its escape.
    """

    def __str__(self) -> str:
        """The line."""
        return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in super().__str__())


class BadInput(SemsamError, ValueError):
    """What the caller gave cannot be used as it is."""


class StaleEmbedding(SemsamError, RuntimeError):
    """The embedding was dropped, or belongs to a model that is no longer loaded: encode the image again."""


class EngineUnavailable(SemsamError, RuntimeError):
    """The engine cannot be reached, cannot start, or its network computes no numbers."""


class Cancelled(SemsamError, RuntimeError):
    """The caller no longer wants the answer."""


DAMAGED = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)
"""What the JSON of a file that somebody or something has changed raises on its way to our values."""

"""A car with a wheel."""

import pytest

PART = (70.0, 60.0)
"""(x, y) in the scene: the dark part."""


@pytest.fixture
def car(session):
    """Accepted in the session's picture: the whole, then its part."""
    for rung, part in ((1, ""), (0, "wheel")):
        session.click(PART)
        session.show_rung(rung)
        session.label("car", part)
        session.accept()
    return session.accepted

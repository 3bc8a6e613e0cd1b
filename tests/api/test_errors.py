"""An error is one line, whatever it speaks of."""

from hypothesis import given
from hypothesis import strategies as st

from semsam_annotate.api import BadInput


@given(st.text())
def test_what_does_not_print_is_told_by_its_escape(text):
    line = str(BadInput(f"no image called {text}"))
    assert line.isprintable()
    assert len(line.splitlines()) == 1
    assert not text.isprintable() or line == f"no image called {text}"


def test_two_unprintable_names_stay_two():
    assert str(BadInput("a\nb")) == r"a\nb" != str(BadInput("a\rb"))
    assert str(BadInput("größe · 2×3")) == "größe · 2×3"

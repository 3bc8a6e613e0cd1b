"""Two windows on one project see what the other did."""

import pytest

from semsam_annotate.napari.state.project_ledger import ProjectLedger
from semsam_annotate.napari.state.session import AnnotationSession


@pytest.fixture
def windows(tmp_path):
    ledgers = [ProjectLedger.open(tmp_path / "project") for _ in range(2)]
    yield [AnnotationSession(ledger) for ledger in ledgers]
    for ledger in ledgers:
        ledger.close()


def test_names_of_both_stay_and_are_told(windows):
    ann, ben = windows
    told = []
    ben.vocabulary_changed.connect(lambda words: told.append(list(words.objects)))
    ann.ledger.learn("car", "wheel")
    ben.label("dog")
    ben.learn(ben.choice)
    assert told == [["car", "dog"]]
    assert ben.ledger.parts_of("car") == ["wheel"]

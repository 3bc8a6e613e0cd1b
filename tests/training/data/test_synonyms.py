"""Names of several sets become one by a table that can be read, changed and checked."""

import pytest

from semsam_annotate.api import BadInput, Vocabulary
from semsam_annotate.training.data.synonyms import Synonyms, read_synonyms
from semsam_annotate.training.data.vocabularies import merge_vocabularies


def test_the_packaged_table():
    table = read_synonyms()
    assert table.object("Aeroplane") == table.object("airplane") == "airplane"
    assert table.object("Moniter/TV") == table.object("television_set") == "tv"
    assert (table.part("Tier"), table.object("Tier")) == ("tire", "Tier")
    assert table.object("some_Thing nobody knows") == "some_Thing nobody knows"
    assert table.object(None) is None
    assert Synonyms().object("Sofa") == "Sofa"


def test_every_name_has_one_meaning_and_translating_twice_changes_nothing():
    table = read_synonyms()
    for names, translate in ((table.objects, table.object), (table.parts, table.part)):
        assert names
        for other, name in names.items():
            assert translate(other) == translate(translate(other)) == name


def test_a_table_of_ones_own_is_laid_over(tmp_path):
    own = tmp_path / "own.toml"
    own.write_text('[objects]\nsofa = ["couch", "settee"]\ntv = []\nperson = ["man", "woman"]\n')
    table = read_synonyms(own)
    assert [table.object(name) for name in ("couch", "Sofa", "settee")] == ["sofa"] * 3
    assert table.object("television") == "television"
    assert (table.object("woman"), table.object("people")) == ("person", "people")
    assert table.object("aeroplane") == "airplane"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[objects]\na = ["x"]\nb = ["X"]', "both"),
        ("[objects]\na = 3", "table of synonyms"),
        ("[things]", "table of synonyms"),
        ("objects = 3", "table of synonyms"),
        ("[", "TOML"),
    ],
)
def test_tables_that_cannot_be_are_named(tmp_path, text, words):
    (tmp_path / "own.toml").write_text(text)
    with pytest.raises(BadInput, match=words) as raised:
        read_synonyms(tmp_path / "own.toml")
    assert "own.toml" in str(raised.value)
    with pytest.raises(BadInput, match="no table"):
        read_synonyms(tmp_path / "none.toml")


def test_vocabularies_join_with_the_owners_of_parts():
    first = Vocabulary(["car", "dog"], ["wheel", "ear", "lid"], owners={"wheel": ["car"], "ear": ["dog"]})
    second = Vocabulary(["cart", "dog"], ["wheel", "ear"], owners={"wheel": ["cart"]})
    merged = merge_vocabularies([first, second])
    assert merged.objects == ("car", "cart", "dog")
    assert merged.parts == ("ear", "lid", "wheel")
    assert merged.owners_of("wheel") == ("car", "cart")
    assert merged.owners_of("ear") == merged.owners_of("lid") == ()
    assert merge_vocabularies([second, first]) == merged
    assert merge_vocabularies([merged, merged]) == merged

"""The labelling config that is written is the one that is read: names, owners, controls, whatever the names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semsam_annotate.annotations import ObjectClass, PartClass, ProjectConfig
from semsam_annotate.api import BadInput, Vocabulary
from semsam_annotate.backend.label_studio.admin.labelling import labelling_config, same_config, written_by_us
from semsam_annotate.backend.label_studio.config import parse_config

NAMES = st.one_of(
    st.sampled_from(["Object", "part", "a/b", "parts", "<&\"'>", "Rad vorn", "ä", "a\nb"]),
    st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters=":\ufffe\uffff"), min_size=1, max_size=8),
).map(str.strip)
LISTS = st.lists(NAMES.filter(bool), unique=True, max_size=4)


@st.composite
def projects(draw):
    objects, parts = draw(LISTS), draw(LISTS)
    owned = {part: draw(st.lists(st.sampled_from(objects), unique=True)) if objects else [] for part in parts}
    kept = [PartClass(part, objects=owners) for part, owners in owned.items() if owners or part not in objects]
    return ProjectConfig(objects=tuple(map(ObjectClass, objects)), parts=tuple(kept))


@given(projects())
def test_the_names_come_back(project):
    text = labelling_config(project)
    config = parse_config(text)
    objects, parts = [item.name for item in project.objects], [item.name for item in project.parts]
    assert config.vocabulary() == Vocabulary(objects, parts, owners={item.name: item.objects for item in project.parts})
    if objects or parts:
        assert all(label.name is not None for label in config.brush().labels)
    assert written_by_us(text)
    assert same_config(text, text.replace("\n", "\n  "))


def test_every_tool_has_every_label_in_the_colours_of_the_project():
    car = ObjectClass("car", "#112233")
    text = labelling_config(ProjectConfig(objects=(car,), parts=(PartClass("wheel", "#445566", objects=("car",)),)))
    config = parse_config(text)
    for kind in ("keypointlabels", "rectanglelabels", "brushlabels"):
        assert [label.value for label in config.first(kind).labels] == ["car", "car:wheel"]
    assert text.count('background="#112233"') == text.count('background="#445566"') == 3
    assert (config.image, config.image_key) == ("image", "image")
    assert config.first("number", True, ("level",)).name == "level"
    assert config.first("number", True, ("score",)).name == "score"


def test_a_project_without_names_lets_annotators_type_them():
    config = parse_config(labelling_config(ProjectConfig()), Vocabulary(["car"], ["wheel"]))
    assert config.vocabulary() == Vocabulary(["car"], ["wheel"])
    assert config.first("textarea", True, ("part",)) is not None


def test_a_changed_config_is_known_as_changed():
    text = labelling_config(ProjectConfig(objects=(ObjectClass("car"),)))
    edited = text.replace('value="car"', 'value="truck"')
    assert not written_by_us(edited)
    assert not written_by_us("<View/>")
    assert not same_config(text, edited)
    assert not same_config(text, "")


@pytest.mark.parametrize(
    ("objects", "parts", "said"),
    [
        (("head",), (PartClass("head"),), "called like an object"),
        (("a\x01",), (), "XML cannot hold"),
    ],
)
def test_names_that_cannot_be_labels(objects, parts, said):
    with pytest.raises(BadInput, match=said):
        labelling_config(ProjectConfig(objects=tuple(map(ObjectClass, objects)), parts=parts))

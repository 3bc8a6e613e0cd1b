"""Every class gets a colour that nobody has, as long as there are any, and keeps it."""

from hypothesis import given
from hypothesis import strategies as st

from semsam_annotate.annotations import ObjectClass, PartClass, Project
from semsam_annotate.annotations.classes import colour_of
from semsam_annotate.annotations.palette import PALETTE, told_apart

NAMES = st.lists(st.text("abcdef", min_size=1), unique=True, max_size=20)


@given(NAMES, NAMES)
def test_as_many_classes_as_the_palette_has_colours_differ(objects, parts):
    one, other = told_apart([ObjectClass(name) for name in objects], [PartClass(name) for name in parts])
    colours = [item.color for item in (*one, *other)]
    assert colours[: len(PALETTE)] == list(PALETTE[: len(colours)])
    assert [item.name for item in one] == objects
    assert all(item.color == colour_of(item.name) for item in [*one, *other][len(PALETTE) :])


def test_colours_that_were_given_stay_and_are_given_to_nobody_else(tmp_path):
    red, blue = ObjectClass("red", "#ff0000"), ObjectClass("sky", PALETTE[0])
    with Project.create(tmp_path / "a", objects=[red, "car", blue], parts=["wheel"]) as project:
        project.add_classes(["boat"], [("boat", "sail")])
        colours = {item.name: item.color for item in (*project.config.objects, *project.config.parts)}
    assert colours["red"] == "#ff0000"
    assert [colours[name] for name in ("sky", "car", "wheel", "boat", "sail")] == list(PALETTE[:5])


def test_classes_of_an_older_project_keep_their_colours(tmp_path):
    with Project.create(tmp_path / "a", objects=["car"]) as project:
        file = project.folder / "project.toml"
    file.write_text(file.read_text().replace(PALETTE[0], colour_of("car")))
    with Project.open(tmp_path / "a") as project:
        project.add_classes(["boat"])
        assert [item.color for item in project.config.objects] == [colour_of("car"), PALETTE[0]]

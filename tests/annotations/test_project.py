"""The project folder: what is written is read again, mistakes are named, splits are frozen, the commands are honest."""

import json
import sys
import tomllib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from semsam_annotate.annotations import ImageRef, ObjectClass, PartClass, Project, StoreWarning
from semsam_annotate.annotations.palette import PALETTE
from semsam_annotate.annotations.project_config import to_toml
from semsam_annotate.api import BadInput, Vocabulary
from semsam_annotate.cli import main
from semsam_annotate.cli.app import _warning

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
VALUES = st.one_of(TEXTS, st.integers(-(2**53), 2**53), st.floats(allow_nan=False), st.lists(TEXTS, max_size=6))
KEYS = st.text("abcdefgh_", min_size=1, max_size=8)


@pytest.fixture
def project(tmp_path):
    with Project.create(tmp_path / "project", objects=["car"], parts={"wheel": ["car"], "handle": []}) as made:
        yield made


def test_a_lost_store_is_not_made_anew_in_silence(project, recwarn):
    project.close()
    with Project.open(project.folder):
        assert not recwarn.list
    (project.folder / "annotations.sqlite").unlink()
    with pytest.warns(StoreWarning, match=r"annotations.sqlite was not there: an empty one is made; .* backup$"):
        Project.open(project.folder).close()


def test_our_warnings_are_one_line_and_others_say_whence():
    assert _warning("a\nb", StoreWarning, "x.py", 3) == "semsam: a b\n"
    assert _warning("a", UserWarning, "x.py", 3) == "x.py:3: UserWarning: a\n"


@given(st.dictionaries(KEYS, st.one_of(VALUES, st.lists(st.dictionaries(KEYS, VALUES), min_size=1, max_size=3))))
def test_toml_says_what_was_meant(table):
    assert tomllib.loads(to_toml(table)) == table


def test_a_project_opens_as_it_was_made(project):
    with Project.open(project.folder) as again:
        assert again.config == project.config
        assert again.vocabulary() == Vocabulary(["car"], ["wheel", "handle"], owners={"wheel": ["car"]})
        assert again.parts_of("car") == ["wheel", "handle"]
        assert again.parts_of("dog") == ["handle"]
    assert {path.name for path in project.folder.iterdir()} >= {"project.toml", "annotations.sqlite", "models"}
    with pytest.raises(BadInput, match="already"):
        Project.create(project.folder)


def test_classes_have_colours_hotkeys_and_join(tmp_path, project):
    project.add_classes(["dog", "car"], [("dog", "wheel"), ("dog", "ear"), (None, "tip")])
    assert [item.name for item in project.config.objects] == ["car", "dog"]
    assert [(item.name, item.objects) for item in project.config.parts] == [
        ("wheel", ("car", "dog")),
        ("handle", ()),
        ("ear", ("dog",)),
        ("tip", ()),
    ]
    classes = (*project.config.objects, *project.config.parts)
    assert sorted(item.color for item in classes) == sorted(PALETTE[: len(classes)])
    for bad in ({"color": "red"}, {"name": "a:b"}, {"name": " "}, {"hotkey": ""}):
        with pytest.raises(BadInput):
            ObjectClass(**{"name": "car", **bad})
    with pytest.raises(BadInput, match="both"):
        Project.create(tmp_path / "b", objects=[ObjectClass("a", hotkey="1")], parts=[PartClass("b", hotkey="1")])
    assert not (tmp_path / "b").exists()


def test_images_stay_where_they_are(project, photo, tmp_path):
    refs = [photo(seed) for seed in range(2)]
    inner = project.folder / "own.png"
    Image.new("RGB", (3, 2)).save(inner)
    (tmp_path / "photos" / "notes.txt").write_text("no image")
    assert project.add_images([tmp_path / "photos", inner]) == [str(tmp_path / "photos"), "own.png"]
    assert project.add_images([inner]) == []
    assert [path.name for path in project.images()] == ["0.png", "1.png", "own.png"]
    assert project.image_path(refs[1]) == tmp_path / "photos" / "1.png"
    assert project.read(refs[0]).shape == (24, 32, 3)
    assert project.ref(inner, project.read(project.ref(inner, np.zeros((2, 3, 3), np.uint8)))).path == "own.png"
    with pytest.raises(BadInput, match="no such image"):
        project.add_images(["missing.png"])
    (tmp_path / "photos" / "0.png").write_bytes((tmp_path / "photos" / "1.png").read_bytes())
    with pytest.raises(BadInput, match="changed"):
        project.read(refs[0])
    (tmp_path / "photos" / "0.png").unlink()
    with pytest.raises(BadInput, match="any more"):
        project.read(refs[0])


def test_splits_are_the_same_everywhere_and_frozen(project, tmp_path):
    refs = [ImageRef(f"{number:064x}", f"{number}.png", 4, 4) for number in range(60)]
    first = [project.split_of(ref) for ref in refs]
    assert 4 <= first.count("validation") <= 24
    with Project.create(tmp_path / "other") as other:
        assert [other.split_of(ref) for ref in refs] == first
    with Project.create(
        tmp_path / "greedy", validation=0.9, store=str(project.folder / "annotations.sqlite")
    ) as greedy:
        assert [greedy.split_of(ref) for ref in refs] == first
    group = [ImageRef(f"{number:064x}", "x.png", 4, 4) for number in range(500, 510)]
    assert len({project.split_of(ref, "walk") for ref in group}) == 1


BROKEN_TOML = {
    "damaged": ("name = ", "damaged"),
    "bytes": ("name = '\udcff'", "damaged"),
    "unknown": ("imagse = []", "'images'"),
    "unknown inside": ("[[parts]]\nname = 'a'\nobject = ['b']", "'objects'"),
    "type": ("validation = 'half'", "validation"),
    "share": ("validation = 3.0", "share"),
    "score": ("min_score = 1.5", "min_score"),
    "certainty": ("min_certainty = -0.5", "min_certainty"),
    "nameless": ("[[objects]]\ncolor = '#ffffff'", "name"),
    "twice": ("[[objects]]\nname = 'a'\n[[objects]]\nname = 'a'", "twice"),
    "newer": ("version = 99\nnew = 1", "newer"),
    "paths": ("images = [1]", "paths"),
    "budget": ("[retrain]\nmax_step = 5", "'max_steps'"),
    "steps": ("[retrain]\nmax_steps = 2.5", "whole number"),
    "minutes": ("[retrain]\nminutes = -1", "minutes"),
    "endless": ("[retrain]\nminutes = inf", "minutes"),
    "threads": ("[retrain]\nthreads = true", "threads"),
    "many threads": ("[retrain]\nthreads = 100000", "at most 1024"),
    "a huge time": (f"[retrain]\nminutes = {'9' * 400}", "minutes"),
    "a huge number": (f"retrain_after = {'9' * 5000}", "damaged"),
    "misplaced": ("[retrain]\nretrain_after = 5", "above the first"),
    "misplaced too": ("schedule = '0 2 * * *'", r"below \[retrain\]"),
    "deep": (f"images = {'[' * 9000}", "damaged"),
    "no table": ("retrain = 5", "retrain"),
}


@pytest.mark.parametrize("case", BROKEN_TOML)
def test_a_broken_project_file_is_one_line(project, case):
    text, says = BROKEN_TOML[case]
    (project.folder / "project.toml").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(BadInput, match=says) as caught:
        Project.open(project.folder)
    assert "\n" not in str(caught.value)
    assert "project.toml" in str(caught.value)


def test_an_editor_that_begins_with_a_mark_is_no_damage(project):
    path = project.folder / "project.toml"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    with Project.open(project.folder) as again:
        assert again.config == project.config


@pytest.fixture
def semsam(monkeypatch, capsys):
    """Runs the program; its exit code, output and complaint."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["semsam", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            main()
        told = capsys.readouterr()
        return int(caught.value.code or 0), told.out, told.err

    return run


def test_export_and_import_on_the_command_line(semsam, project, photo, propose, tmp_path):
    ref = photo()
    out = tmp_path / "out.json"
    code, _, complaint = semsam("export", "--format", "coco", "--project", project.folder, "--out", out)
    assert (code, complaint.count("\n"), out.exists()) == (2, 1, False)
    car = project.store.accept(ref, propose(), object="car")
    project.store.accept(ref, propose(1), part="wheel", part_of=car.id)
    code, answer, _ = semsam("export", "--format", "parts", "--project", project.folder, "--out", out, "--json")
    assert (code, json.loads(answer)["parts"]) == (0, 1)
    options = ("--format", "parts", "--in", out, "--images", tmp_path / "photos", "--json")
    code, answer, _ = semsam("import", "--project", tmp_path / "new", *options)
    assert (code, json.loads(answer)["added"]) == (0, 2)
    again = tmp_path / "again.json"
    assert semsam("export", "--format", "parts", "--project", tmp_path / "new", "--out", again)[0] == 0
    assert again.read_bytes() == out.read_bytes()


def test_bad_commands_leave_nothing_behind(semsam, tmp_path):
    for arguments in (
        ("export", "--project", tmp_path / "none", "--out", tmp_path / "out.json"),
        ("import", "--project", tmp_path / "none", "--in", tmp_path / "missing.json"),
        ("import", "--project", tmp_path / "none", "--in", tmp_path / "missing.json", "--format", "yolo"),
    ):
        code, _, complaint = semsam(*arguments)
        assert code == 2
        assert complaint.startswith("semsam: ")
        assert complaint.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_no_project(semsam, tmp_path):
    path = tmp_path / "photo.jpg"
    path.write_bytes(b"not a project")
    commands = (("next",), ("retrain",), ("export", "--out", tmp_path / "out.json"), ("serve", "--port", 0))
    for command in commands:
        code, _, complaint = semsam(*command, "--project", path)
        assert (code, complaint) == (2, f"semsam: {path} is a file: a project is a folder\n")
    with pytest.raises(BadInput, match="a project is a folder"):
        Project.create(path)
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [("photo.jpg", b"not a project")]

"""``semsam project`` as a person calls it: lists, decisions, refusals, and answers for machines."""

import json
import shutil

import numpy as np
import pytest
from typer.testing import CliRunner

from semsam_annotate import load_engine
from semsam_annotate.annotations import ImageRef, Project, read_image
from semsam_annotate.annotations.people.reviews import reviewed
from semsam_annotate.annotations.people.suspects import request_changes
from semsam_annotate.annotations.suspicions import Suspicion
from semsam_annotate.api import BadInput, Prompt, Vocabulary, decode_rle
from semsam_annotate.cli.app import build
from semsam_annotate.cli.engines import without_memory


@pytest.fixture
def project(tmp_path, photo):
    """Two people drew the same disc: one calls it plate, the other wheel."""
    folder = tmp_path / "work"
    rows, columns = np.mgrid[:90, :120]
    disc = np.hypot(rows - 45, columns - 60) < 30
    with Project.create(folder, objects=["plate", "wheel"], parts=["hub"], images=[photo]) as made:
        ref = ImageRef.of(photo, read_image(photo), folder)
        first = made.store.accept(ref, mask=disc, object="plate", author="ann", seconds=2.0, clicks=1)
        made.store.accept(ref, mask=np.hypot(rows - 45, columns - 60) < 10, part="hub", part_of=first.id, author="ann")
        made.store.accept(ref, mask=disc, object="wheel", author="ben")
    return folder


def call(project, *arguments, code=0):
    found = CliRunner().invoke(build(), ["project", *map(str, arguments), "--project", str(project), "--json"])
    if isinstance(found.exception, BadInput):
        raise found.exception
    assert found.exit_code == code, found.output
    return json.loads(found.stdout)


def test_a_review_is_said_and_listed(project):
    mine = call(project, "review", "--author", "ben")
    assert [(one["name"], one["state"]) for one in mine] == [("wheel", None)]
    call(project, "review", mine[0]["id"], "--set", "changes-requested", "--comment", "a plate", "--as", "cem")
    (one,) = call(project, "review", "--state", "changes-requested")
    assert (one["id"], one["reviewer"], one["comment"]) == (mine[0]["id"], "cem", "a plate")
    assert len(call(project, "review", "--state", "new")) == 2
    told = call(project, "history", mine[0]["id"])
    assert [(line["author"], line["comment"]) for line in told] == [("ben", None), ("cem", "a plate")]
    for wrong in (["x", "--set", "approved"], [mine[0]["id"], "--set", "fine"], [mine[0]["id"]], ["--state", "fine"]):
        with pytest.raises(BadInput):
            call(project, "review", *wrong)


def test_a_conflict_is_listed_and_settled(project):
    (pair,) = call(project, "agreement")
    assert (pair["first"], pair["second"], pair["both"], pair["same_name"], pair["iou"]) == ("ann", "ben", 1, 0, 1.0)
    (one,) = call(project, "conflicts")
    assert one["difference"] == "name"
    wheel = next(mask["id"] for mask in one["masks"] if mask["name"] == "wheel")
    (plate,) = call(project, "conflicts", "--choose", wheel)["superseded"]
    assert call(project, "conflicts") == []
    with Project.open(project) as opened:
        assert {record.part_of for record in opened.store.annotations()} == {None, wheel}
    call(project, "conflicts", "--release", plate)
    assert len(call(project, "conflicts")) == 1
    figures = {one["author"]: one for one in call(project, "authors")}
    assert (figures["ann"]["made"], figures["ann"]["seconds"], figures["ben"]["acceptance"]) == (2, 2.0, 1.0)


def test_a_project_is_checked_backed_up_merged_and_a_person_forgotten(project, tmp_path):
    assert call(project, "check") == call(project, "check", "--leaks") == []
    call(project, "backup", tmp_path / "copy")
    assert call(project, "merge", tmp_path / "copy")["added"] == 0
    before = call(project, "forget", "ben")
    assert (before["deleted"], before["masks"]) == (False, 1)
    assert call(project, "forget", "ben", "--yes")["deleted"]
    assert [one["author"] for one in call(project, "authors")] == ["ann"]
    with pytest.raises(BadInput, match="nobody called"):
        call(project, "forget", "ben")
    assert call(project, "merge", tmp_path / "copy")["added"] == 1
    assert len(call(project, "history")) == 2
    restored = call(project, "restore", tmp_path / "copy")
    assert restored["path"] == str(project / "annotations.sqlite")
    assert [path.split(".", 1)[1] for path in restored["kept"]] == ["before-restore.sqlite"]
    assert {one["author"] for one in call(project, "authors")} == {"ann", "ben"}
    assert [one["what"] for one in call(project, "history")] == ["restore"]


def test_a_list_says_that_it_is_cut_and_json_is_whole(project, semsam):
    assert len(call(project, "review")) == 3
    code, said, _ = semsam("project", "review", "--project", project, "--limit", 2)
    assert (code, said.splitlines()[-1]) == (0, "there are more than these 2: --limit lists as many as you say")
    assert "there are more" not in semsam("project", "review", "--project", project, "--limit", 3)[1]


def test_masks_are_judged_once_each_and_not_by_a_list(project):
    (mine,) = call(project, "review", "--author", "ben")
    assert call(project, "review", mine["id"], mine["id"], "--set", "approved")["masks"] == [mine["id"]]
    assert len(call(project, "history", mine["id"])) == 2
    for more in (["--state", "new"], ["--author", "ben"], ["--limit", "5"]):
        with pytest.raises(BadInput, match="are for lists"):
            call(project, "review", mine["id"], "--set", "approved", *more)


def test_what_people_say_stays_in_its_line(project, semsam):
    (mine,) = call(project, "review", "--author", "ben")
    said = "one\nforged  row\x1b[31m déjà\u2028vu"
    call(project, "review", mine["id"], "--set", "changes-requested", "--comment", said, "--as", "cem")
    _, shown, _ = semsam("project", "review", "--project", project)
    assert len(shown.splitlines()) == 4
    assert "one\\nforged  row\\x1b[31m déjà\\u2028vu" in shown
    assert call(project, "review", "--state", "changes-requested")[0]["comment"] == said


def test_an_image_outside_of_the_project_is_found_by_its_file(project, photo, tmp_path, monkeypatch):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.copy(photo, elsewhere / "b.png")
    with Project.open(project) as opened:
        rgb = 255 - read_image(photo)
        ref = opened.ref(elsewhere / "b.png", rgb)
        opened.store.accept(ref, mask=np.ones(rgb.shape[:2], bool), object="plate", author="ann")
    monkeypatch.chdir(tmp_path)
    told = call(project, "history", ref.path)
    for name in ("elsewhere/b.png", "work/../elsewhere/b.png", ref.sha256):
        assert call(project, "history", name) == told
    assert [one["what"] for one in told] == ["accepted plate"]


def test_a_person_with_a_workspace_alone_is_forgotten_and_only_that_person(project):
    mine, former, other = (project / "workspaces" / f"{name}.json" for name in ("zoe", "zo-e", "zoey"))
    mine.parent.mkdir()
    for file in (mine, former, other):
        file.write_text("{}")
    before = call(project, "forget", "zoe")
    assert (before["deleted"], before["masks"], before["workspaces"]) == (False, 0, 1)
    assert mine.exists()
    for name in ("zoe", "zo e"):
        assert call(project, "forget", name, "--yes")["deleted"]
    assert not mine.exists()
    assert not former.exists()
    assert other.exists()
    with pytest.raises(BadInput, match="nobody called"):
        call(project, "forget", "zoe", "--yes")


def test_the_packaged_model_doubts_a_sloppy_disc_and_asks_for_changes(project, photo):
    """The disc is 30 pixels wide in the picture; what is stored is a third smaller and beside it."""
    rows, columns = np.mgrid[:90, :120]
    with Project.open(project) as opened:
        (ref,) = opened.store.images()
        for record in opened.store.annotations():
            opened.store.delete(record.id)
        sloppy = opened.store.accept(ref, mask=np.hypot(rows - 47, columns - 62) < 25, author="ann")
        opened.store.accept(ref, mask=np.hypot(rows - 45, columns - 60) < 30, author="ann")
    asking = ("--weights", "default", "--kinds", "outline", "--request-changes", "--device", "cpu")
    found = call(project, "suspects", *asking)
    assert [one["mask"] for one in found] == [sloppy.id]
    (asked,) = call(project, "review", "--state", "changes-requested")
    assert asked["comment"].startswith("outline: another outline")
    with pytest.raises(BadInput, match="what to look for"):
        call(project, "suspects", "--kinds", "taste")


def test_changes_are_asked_for_once_a_mask_and_never_of_what_was_approved_or_is_gone(project):
    with Project.open(project) as opened:
        approved, gone, doubtful = (record.id for record in opened.store.annotations())
        opened.store.review(approved, "approved", "cem")
        opened.store.delete(gone)

        def doubt(id, kind, says):
            return Suspicion(id, "disc.png", "plate", kind, 0.9, says, {})

        found = [doubt(id, "name", "wheel") for id in (approved, gone, doubtful)]
        left = request_changes(opened, [*found, doubt(doubtful, "outline", "another")], "dan")
        assert [line.split(":")[0] for line in left] == [approved, gone]
        assert request_changes(opened, found[2:], "dan") == [f"{doubtful}: left alone: changes requested"]
        assert opened.store.get(approved).review == "approved"
        (asked,) = reviewed(opened.store, "changes requested")
        assert (asked.id, asked.comment) == (doubtful, "name: wheel; outline: another")


def test_who_judges_does_not_remember_the_masks_it_judges(project, photo):
    rgb, words = read_image(photo), Vocabulary(["plate", "wheel"])

    def names(engine):
        asked = engine.propose(engine.encode(rgb), Prompt(points=[(60, 20)]), words)
        return [rung.object_labels for rung in asked]

    engine = load_engine(f"project:{project}", "cpu")
    alone = names(engine)
    with Project.open(project) as opened:
        for record in opened.store.annotations():
            engine.remember(engine.encode(rgb), decode_rle(record.mask), record.object, record.part, id=record.id)
    assert names(engine) != alone
    assert names(without_memory(load_engine(f"project:{project}", "cpu"))) == alone
    engine.close()


def test_an_empty_list_says_so(project, semsam):
    code, said, _ = semsam("project", "history", "--project", project)
    assert (code, said) == (0, "nothing to list\n")

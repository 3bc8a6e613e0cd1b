"""What `semsam import` refuses, in one line and with the project as it was, and what it passes over and counts."""

import pytest

from semsam_annotate.annotations import Project
from semsam_annotate.backend.label_studio.admin.tasks import tasks_format

BROKEN = {
    "lvis": lambda path: path.write_text(
        path.read_text(encoding="utf-8").replace('"counts": "', '"counts": "zz'), "utf-8"
    ),
    "pascal-part": lambda path: path.write_bytes(path.read_bytes()[:-40]),
    "coco": lambda path: path.write_text(path.read_text(encoding="utf-8").replace('"size": [', '"size": [9'), "utf-8"),
    "label-studio": lambda path: path.write_text(
        path.read_text(encoding="utf-8").replace('"rle": [', '"rle": [999999, '), "utf-8"
    ),
    "labels": lambda path: next((path / "objects").iterdir()).write_bytes(b"no picture"),
    "yolo": lambda path: next((path / "labels" / "train").iterdir()).write_text("0 0.1 0.2 nan 0.3 0.4 0.5\n"),
    "datasets": lambda path: next(path.glob("*/metadata.jsonl")).open("a").write("{\n"),
    "panoptic": lambda path: next((path / "objects").iterdir()).unlink(),
}


@pytest.mark.parametrize("format", BROKEN)
def test_what_is_damaged_is_one_line_and_changes_nothing(format, projects, semsam, tmp_path):
    facts = {"object": "car", "part": None}
    folder = projects([(1, 0, False, facts), (2, 0, True, facts | {"part": "wheel"}), (3, 1, False, facts)])
    out = folder / ("out" if format in ("labels", "yolo", "datasets", "panoptic") else "out.json")
    with Project.open(folder / "project") as project:
        project.add_images([tmp_path / "photos"])
        project.export(tasks_format() if format == "label-studio" else format, out)
    BROKEN[format](out)
    source = out / "objects.json" if format == "panoptic" else out
    code, _, complaint = semsam("import", "--in", source, "--images", tmp_path / "photos", "--project", folder / "new")
    assert (code, complaint.count("\n"), (folder / "new").exists()) == (2, 1, False), complaint
    before = [path.read_bytes() for path in sorted((folder / "project").glob("*.toml"))]
    assert semsam("import", "--in", source, "--project", folder / "project")[0] == 2
    with Project.open(folder / "project") as project:
        assert project.store.count(None) == 3
    assert before == [path.read_bytes() for path in sorted((folder / "project").glob("*.toml"))]


def test_what_cannot_come_in_says_why(projects, semsam, tmp_path, photo):
    folder = projects([(1, 0, False, {"object": "car"})])
    with Project.open(folder / "project") as project:
        project.export("lvis", folder / "out.json")
    for named, source, says in (
        ("yolo", folder / "out.json", "is lvis, not yolo"),
        ("auto", folder / "project", "export it as coco"),
        ("nonsense", folder / "out.json", "pascal-part"),
        ("auto", tmp_path / "photos", "holds none of"),
        ("label-studio", folder / "out.json", "no JSON export of Label Studio"),
    ):
        code, _, complaint = semsam("import", "--format", named, "--in", source, "--project", folder / "new")
        assert (code, says in complaint) == (2, True), complaint
    (tmp_path / "photos" / "0.png").unlink()
    code, _, complaint = semsam("import", "--in", folder / "out.json", "--images", tmp_path / "photos")
    assert (code, "not there" in complaint) == (2, True), complaint


def test_masks_in_planes_are_counted(image, propose, tmp_path, semsam):
    with Project.create(tmp_path / "project", images=[tmp_path / "photos"]) as project:
        project.store.accept(image, propose(), object="car")
        project.store.accept(image, propose(1), object="car", plane=(2,))
        project.export("labels", tmp_path / "out")
    code, answer, _ = semsam("import", "--in", tmp_path / "out", "--project", tmp_path / "new")
    assert code == 0
    assert "1 images whose masks lie in planes of stacks skipped" in answer


@pytest.mark.parametrize("format", ["lvis", "pascal-part", "labels", "panoptic", "label-studio"])
def test_two_images_of_one_name_are_not_one_file(format, photo, propose, semsam, tmp_path):
    cameras = [photo(seed, f"camera{seed}/1.png") for seed in (1, 2)]
    with Project.create(tmp_path / "project", images=[tmp_path / "photos"]) as project:
        for ref in cameras:
            car = project.store.accept(ref, propose(), object="car")
            project.store.accept(ref, propose(1), object="car", part="wheel", part_of=car.id)
        out = tmp_path / ("out" if format in ("labels", "panoptic") else "out.json")
        project.export(tasks_format() if format == "label-studio" else format, out)
    source, new = out / "objects.json" if format == "panoptic" else out, tmp_path / "new"
    one = tmp_path / "photos" / "camera1"
    code, _, complaint = semsam("import", "--in", source, "--images", one, "--project", new)
    assert (code, "are both" in complaint, new.exists()) == (2, True, False), complaint
    if format != "label-studio":
        code, answer, _ = semsam("data", "check", source, "--images", one, "--sheet", tmp_path / "sheet.png")
        assert (code, "1 x the file of another image" in answer) == (0, True), answer
    assert semsam("import", "--in", source, "--images", tmp_path / "photos", "--project", new)[0] == 0

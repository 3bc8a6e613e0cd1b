"""``semsam data check`` as it is called."""

import json
import sys

import pytest
from PIL import Image

from semsam_annotate.cli import main


@pytest.fixture
def command(monkeypatch, capsys):
    """Runs ``semsam data check`` as the program does; gives (exit code, output, errors)."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["semsam", "data", "check", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            main()
        printed = capsys.readouterr()
        return stopped.value.code or 0, printed.out, printed.err

    return run


def test_counts_problems_and_a_sheet(layout, tmp_path, command):
    sheet = tmp_path / "sheet.png"
    code, out, errors = command(layout("partimagenet"), "--sheet", sheet, "--json")
    assert code == 0, errors
    told = json.loads(out)
    assert (told["format"], told["images"]) == ("partimagenet", 1)
    assert told["masks"] == {"part": 2, "object": 1}
    assert told["parts"] == {"body": 1, "tire": 1}
    assert sum(told["problems"].values()) == 1
    (example,) = next(iter(told["examples"].values()))
    assert "annotation 0" in example
    with Image.open(told["sheet"]) as picture:
        assert (picture.format, picture.mode) == ("PNG", "RGB")
        assert len(picture.getcolors(10**6)) > 100
    assert [path.name for path in tmp_path.glob("*.p*")] == ["sheet.png"]


def test_for_a_person_and_with_boxes(layout, tmp_path, command):
    code, out, _ = command(layout("objects365"), "--sheet", tmp_path / "s.png")
    assert code == 0
    assert "objects365" in out
    assert "1 box" in out
    assert "known in 1 images" in out
    assert (tmp_path / "s.png").is_file()


def test_bad_input_is_one_line_and_exit_code_2(layout, tmp_path, command):
    broken = tmp_path / "broken.json"
    broken.write_text('{"images": [')
    (tmp_path / "own.toml").write_text("[x]")
    good = layout("coco")
    for given in (
        [tmp_path / "none"],
        [broken],
        [good, "--images", tmp_path / "none"],
        [good, "--synonyms", tmp_path / "own.toml"],
        [good, "--sheet", tmp_path / "none" / "s.png"],
    ):
        code, out, errors = command(*given)
        assert (code, out) == (2, "")
        assert errors.startswith("semsam: ")
        assert errors.count("\n") == 1


def test_without_images_the_report_comes_all_the_same(layout, tmp_path, command):
    path = layout("coco")
    (tmp_path / "coco" / "a.jpg").unlink()
    code, out, _ = command(path, "--sheet", tmp_path / "s.png")
    assert code == 0
    assert "1 x the image is not there" in out
    assert not (tmp_path / "s.png").exists()

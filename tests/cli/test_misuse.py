"""Options and arguments that are none: exit code 2, and one line that says what is wrong and where to read."""

import pytest


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (["click"], "Missing argument"),
        (["click", "a.png", "--foo"], "--foo"),
        (["nope"], "nope"),
        (["export"], "--out"),
        (["bench", "--repeats", "0"], "greater than or equal to 1"),
        (["models", "nope"], "nope"),
    ],
)
def test_one_line_names_it(semsam, call, said):
    code, out, told = semsam(*call)
    assert (code, out, told.count("\n")) == (2, "", 1)
    assert told.startswith("semsam: ")
    assert said in told
    assert "--help" in told


@pytest.mark.parametrize("call", [[], ["models"], ["project"]])
def test_without_anything_the_help_is_shown(semsam, call):
    code, out, told = semsam(*call)
    assert code == 2
    assert "Usage: semsam" in out + told
    assert semsam(*call, "--help")[0] == 0


def test_the_packaged_weights_have_one_name_everywhere(semsam, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, _ = semsam("models", "info", "default")
    assert code == 0
    assert "semsam-tiny" in out

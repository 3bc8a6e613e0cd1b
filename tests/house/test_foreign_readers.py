"""The versions of other people's readers in the documentation are those that read our files."""

import re


def test_the_table_of_readers_names_the_versions_that_are_installed(root):
    script = (root / "tools" / "foreign_readers.sh").read_text(encoding="utf-8")
    pins = {name.removesuffix("-python-headless"): number for name, number in re.findall(r"([\w-]+)==([\d.]+)", script)}
    table = (root / "docs" / "formats.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\w+) (\d[\d.]+) \|", table, re.MULTILINE)
    assert {name.lower(): number for name, number in rows} == pins

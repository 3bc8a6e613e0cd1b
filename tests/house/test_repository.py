"""What every file here keeps to: short, functions short, and nothing of the machine it was written on."""

import ast
import subprocess
from pathlib import Path

import pytest

LONGEST_FILE = 250
LONGEST_FUNCTION = 50
CODE = {".py", ".sh", ".toml", ".cfg", ".yaml", ".yml", ""}
MACHINE = tuple("/" + folder + "/" for folder in ("work", "root"))
DATA = {".json", ".jsonl", ".txt", ".md"}


@pytest.fixture(scope="module")
def files(root: Path) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=root, capture_output=True, text=True, check=True
    )
    return [root / name for name in listed.stdout.splitlines() if (root / name).is_file() and name != "LICENSE"]


def test_files_are_short(files: list[Path]) -> None:
    lines = {path: len(path.read_bytes().splitlines()) for path in files if path.suffix in CODE}
    assert {str(path): count for path, count in lines.items() if count > LONGEST_FILE} == {}


def test_functions_are_short(files: list[Path]) -> None:
    long = [
        f"{path}:{node.lineno} {node.name}"
        for path in files
        if path.suffix == ".py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or node.lineno) - node.body[0].lineno >= LONGEST_FUNCTION
    ]
    assert long == []


def test_no_paths_of_one_machine(files: list[Path]) -> None:
    found = [
        f"{path}: {word}"
        for path in files
        if path.suffix in CODE | DATA
        for word in MACHINE
        if word in path.read_text(encoding="utf-8", errors="replace")
    ]
    assert found == []

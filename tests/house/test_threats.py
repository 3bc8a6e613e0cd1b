"""``docs/threats.md``: every row names one test that there is; and nothing in the sources runs what it reads."""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

ROOMS = ("semsam_annotate", "model", "training", "backend")
ROW = re.compile(r"^\|(?P<threat>[^|]+)\|[^|]+\|[^|]+\| `(?P<file>tests/[\w/]+\.py)::(?P<test>test_\w+)` \|$")
CALLS = {
    "eval", "exec", "compile", "pickle.load", "pickle.loads", "pickle.Unpickler", "marshal.loads", "yaml.load",
    "os.system", "os.popen", "joblib.load", "dill.load", "dill.loads", "shelve.open", "torch.hub.load",
}  # fmt: skip


@pytest.fixture(scope="module")
def rows(root: Path) -> list[re.Match[str]]:
    lines = (root / "docs" / "threats.md").read_text().splitlines()
    body = [line for line in lines if line.startswith("|") and not re.match(r"\|(---|\s*threat \|)", line)]
    matches = [ROW.match(line) for line in body]
    assert None not in matches, body[matches.index(None)]
    return [match for match in matches if match is not None]


def test_every_row_names_a_test_that_there_is(root: Path, rows: list[re.Match[str]]) -> None:
    assert len(rows) >= 50
    for row in rows:
        tree = ast.parse((root / row["file"]).read_text())
        found = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
        assert row["test"] in found, row[0]
        checks = [node for node in ast.walk(found[row["test"]]) if isinstance(node, ast.Assert | ast.With | ast.Expr)]
        assert checks, row[0]
        marks = ast.unparse(ast.Module(found[row["test"]].decorator_list, []))
        assert not re.search(r"\b(skip|xfail|stress)\b", marks), f"{row['test']} does not run in make test"


def test_every_threat_is_told_once(rows: list[re.Match[str]]) -> None:
    for what in ("threat", "test"):
        assert [name for name, count in Counter(row[what] for row in rows).items() if count > 1] == []


def test_nothing_runs_what_it_reads(root: Path) -> None:
    """CVE-2025-32434 opened ``weights_only`` loads before torch 2.6."""
    found = [
        f"{path.relative_to(root)}:{node.lineno}"
        for room in ROOMS
        for path in (root / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and dangerous(node)
    ]
    assert found == []
    least = re.search(r'"torch>=(\d+)\.(\d+)"', (root / "pyproject.toml").read_text())
    assert least is not None
    assert (int(least[1]), int(least[2])) >= (2, 6)


@pytest.mark.parametrize(
    ("code", "is_dangerous"),
    [
        ("eval(x)", True), ("model.eval()", False), ("pickle.loads(x)", True), ("torch.load(x)", True),
        ("torch.load(x, weights_only=True)", False), ("torch.load(x, weights_only=False)", True),
        ("np.load(x, allow_pickle=True)", True), ("np.load(x)", False), ("subprocess.run(x, shell=True)", True),
        ("subprocess.run([x])", False), ("re.compile(x)", False), ("os.system(x)", True),
    ],
)  # fmt: skip
def test_what_is_dangerous(code: str, is_dangerous: bool) -> None:
    call = ast.parse(code, mode="eval").body
    assert isinstance(call, ast.Call)
    assert dangerous(call) is is_dangerous


def dangerous(call: ast.Call) -> bool:
    name = ast.unparse(call.func)
    given = {word.arg: ast.unparse(word.value) for word in call.keywords}
    if name == "torch.load":
        return given.get("weights_only") != "True"
    return name in CALLS or given.get("shell", "False") != "False" or given.get("allow_pickle", "False") != "False"

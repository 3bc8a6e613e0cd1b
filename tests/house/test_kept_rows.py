"""What measurements keep in the repository reads back as it was written, to the per mille."""

import importlib.util
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks/kept_rows.py"


@pytest.fixture(scope="module")
def kept():
    spec = importlib.util.spec_from_file_location("kept_rows", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_rows_come_back(kept, tmp_path):
    rows = [
        {"image": "a/é.jpg", "oracle": 0.12345, "part": None, "unkept": 3},
        {"image": "a/é.jpg", "oracle": 1.0, "part": 1.0, "unkept": 3},
        {"image": "b.jpg", "oracle": 0.0, "part": 0.0, "unkept": 3},
        {"image": "a/é.jpg", "oracle": 0.5, "part": None, "unkept": 3},
    ]
    path = tmp_path / "folder" / "rows.json"
    kept.keep_rows(rows, ("oracle", "part"), path)
    found = kept.read_rows(path)
    assert [row["image"] for row in found] == [row["image"] for row in rows]
    assert [row["part"] for row in found] == [row["part"] for row in rows]
    assert all(abs(row["oracle"] - old["oracle"]) <= 5e-4 for row, old in zip(found, rows, strict=True))
    assert [item.name for item in path.parent.iterdir()] == ["rows.json"]

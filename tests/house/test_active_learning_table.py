"""Areas under curves of figures against clicks, and whom a strategy beats: planted differences are found."""

import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
MAKE = """
import json, sys
from pathlib import Path
from active_learning_rounds import Cell, Round

rows = Path(sys.argv[1])
for seed in range(4):
    for strategy, gain in (("random", 0.0), ("foreground", 0.01), ("clasp", 0.1)):
        for number in range(3):
            cell = Cell(rows / "car-v", 5, seed, strategy)
            if strategy == "clasp" and seed == 3 and number == 2:
                continue  # was not finished
            right = 0.2 + 0.1 * number + gain * number + 0.02 * seed
            row = {"image": "a", "max": 0.5, "oracle": 0.6, "all": 0.5, "part": right}
            clicks = 100 * (number + 1) + (20 if strategy == "clasp" else 0)
            cell.keep(Round(number, clicks if number else 100, (1,), {"part_ap": 3.0}, {}), [row])
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """The table of planted rows, as the script writes it."""
    import json

    folder = tmp_path_factory.mktemp("rows")
    for code in (["-c", MAKE, folder / "rows"], [
        BENCHMARKS / "active_learning_table.py", "--rows", folder / "rows", "--json", folder / "t.json",
        "--png", folder / "t.png", "--rounds", "2",
    ]):  # fmt: skip
        subprocess.run(
            [sys.executable, *map(str, code)], check=True, cwd=BENCHMARKS, env={"PYTHONPATH": str(BENCHMARKS)}
        )
    assert (folder / "t.png").read_bytes().startswith(b"\x89PNG")
    return json.loads((folder / "t.json").read_text())


def test_the_area_is_the_mean_height_over_the_clicks_that_all_reach(told):
    (strategies,) = told["settings"].values()
    mean, low, high = strategies["random"]["area"]["part"]
    assert mean == pytest.approx(32, abs=0.1)  # 20, 30 and 40 %, and 0 to 4 for the seed
    assert low < mean < high
    assert strategies["random"]["area"]["part_ap"] == [3.0, 3.0, 3.0]
    curve = strategies["clasp"]["curve"]["part"]
    assert [point[0] for point in curve] == pytest.approx([22, 42, 62])


def test_a_strategy_is_paired_by_seed_and_a_seed_counts_once_all_are_complete(told):
    (strategies,) = told["settings"].values()
    assert {tuple(row["seeds"]) for row in strategies.values()} == {(0, 1, 2)}
    mean, low, high = strategies["clasp"]["above foreground"]["part"]
    assert 5 < mean < 10
    assert high - low < 0.1, "the seeds' own differences cancel"
    assert strategies["clasp"]["above foreground"]["oracle"] == [0.0, 0.0, 0.0]


def test_only_what_is_above_the_baselines_with_a_corrected_interval_decides(told):
    decides = told["decides"]
    assert decides["level"] == 0.975, "two others are tried against each baseline"
    assert decides["wins"] == ["clasp", "foreground"]
    assert decides["above"]["foreground"]["random"][1] > 0, "1 % a round, planted without noise"
    assert decides["above"]["random"]["foreground"][2] < 0

"""The report page of a retraining, from what the gate found: every figure and label on it, nothing run or loaded."""

import json

import numpy as np
import pytest
from PIL import Image

from semsam_annotate.annotations import ImageRef, Project
from semsam_annotate.annotations.retraining.writer import recorded
from semsam_annotate.training.evaluation.result import EvaluationResult
from semsam_annotate.training.evaluation.rows import ClickRow
from semsam_annotate.training.retrain import GateSettings, judge
from semsam_annotate.training.retrain.news import MOST, News, news_of
from semsam_annotate.training.retrain.report import rows_of, write_report
from semsam_annotate.training.retrain.report_picture import _short

EVIL = "$^$ <script>alert(1)</script> & 'wheel'"


def _run(shift: float, count: int, name: str = EVIL) -> EvaluationResult:
    rng = np.random.default_rng(0)
    rows = []
    for mask in range(count):
        value = float(np.clip(rng.uniform(0.3, 0.6) + shift, 0, 1))
        place = {"image": str(mask % 7), "mask": mask, "is_part": mask % 3 == 0, "area": 500, "click": (1, 1)}
        ious = {"max": value, "oracle": value, "all": value, "granularities": 1, "length": 3, "tau": None}
        rows.append(ClickRow(**place, **ious, object=name, part="p", object_rank=0, part_rank=1))
    return EvaluationResult(tuple(rows))


@pytest.mark.parametrize(("count", "promoted"), [(0, False), (1, True), (30, True)])
def test_every_figure_is_on_the_page_and_nothing_on_it_runs(tmp_path, count, promoted):
    replay = _run(0.0, 5)
    verdict = judge(_run(0.0, count), _run(0.2, count), replay, replay, GateSettings())
    told = {"parent": "packaged", "version": "v1", "promoted": promoted, **verdict.to_json()}
    with recorded(tmp_path) as run:
        run.mark("training", 1, 2, loss=3.0)
        run.mark("training", 2, 2, loss=float("nan"))
        for name in ("b.png", "a.png"):
            Image.new("RGB", (30, 20)).save(run.pictures / name)
        run.drew([{"name": EVIL, "before": "b.png", "after": "a.png", "old": 0.2, "new": 0.4}])
        page = write_report(run.run, json.loads(json.dumps(told)), "3 masks", (EVIL,), {})
    shown = page.read_text()
    assert "<script" not in shown
    assert "default-src 'none'" in shown
    assert ' src="http' not in shown
    assert ("The new model serves" in shown) == promoted
    assert ("+20.0" in shown) == (count > 0)
    with Image.open(tmp_path / "runs" / "0001" / "report.png") as picture:
        assert picture.width > 1000
    for rows in rows_of(told).values():
        for _, old, old_ci, new, new_ci, difference in rows:
            assert old_ci is None or old_ci[0] <= old <= old_ci[1]
            assert new_ci is None or new_ci[0] <= new <= new_ci[1]
            assert difference is None or difference[0] == pytest.approx(new - old, abs=0.01)


def test_what_is_new_is_counted_from_the_last_verdict(tmp_path):
    with Project.create(tmp_path / "project") as project:
        images = [ImageRef(letter * 64, f"{letter}.png", 8, 8) for letter in "ab"]

        def accept(image, **names):
            return project.store.accept(image, mask=np.ones((8, 8), bool), **names).id

        first = [accept(images[0], object="car"), accept(images[0], object="car", part="wheel")]
        assert news_of(project, tuple(first)) == News(2, 1, ("car", "car: wheel"), None)
        with recorded(project.models) as run:
            run.took(first)
            run.finish({})
        later = [accept(images[1], object="car"), accept(images[1], object="bus")]
        news = news_of(project, tuple(first + later))
        assert news == News(2, 1, ("bus",), 1)
        assert news.sentence == "2 masks in 1 images since training 1; new labels: bus."
        assert news_of(project, tuple(first)).sentence.endswith("no new label.")
    many = News(1, 1, tuple(f"name {number}" for number in range(MOST + 5)))
    assert "and 5 more" in many.sentence


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("traffic_light_red_pedestrian", "traffic_light_r…"),
        ("car: windshield wiper", "car: windshield…"),
        ("short", "short"),
        ("(1) \u202elive", "(1) live"),
        ("a $b$", r"a \$b\$"),
    ],
)
def test_a_long_name_keeps_its_beginning_and_none_turns_the_text(name, shown):
    assert _short(name, 16) == shown

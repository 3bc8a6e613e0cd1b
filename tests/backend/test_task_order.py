"""Scores by which Label Studio opens tasks: the order of the project first, then what the model is least sure of."""

import asyncio
from contextlib import suppress

from semsam_annotate.annotations import image_sha256
from semsam_annotate.annotations.next_images import FILE, NextImage, NextImages, write_next
from semsam_annotate.annotations.next_order import NextOrder
from semsam_annotate.api.promotions import PACKAGED
from semsam_annotate.backend.label_studio.task_order import TaskOrder

IMAGES = ("/data/upload/1/9e0c9dd7-img_a.jpg", "/data/upload/1/c3202297-img_b.png")


def test_tasks_in_the_order_come_before_all_others_and_those_by_certainty(tmp_path):
    images = tuple(NextImage(f"{name}.png", name, 1.0) for name in ("b", "a", "c"))
    write_next(tmp_path, NextImages("entropy", "v", PACKAGED, "2030", images))
    order = TaskOrder(NextOrder(tmp_path))
    scores = [order.score(name, 0.9) for name in ("b", "a", "c")] + [
        order.score("new", sure) for sure in (0.0, 0.3, 1.0)
    ]
    assert scores == sorted(scores)
    assert len(set(scores)) == len(scores)
    assert (scores[0], scores[-1]) == (0.0, 1.0)


def test_without_an_order_or_with_a_damaged_one_the_least_certain_comes_first(tmp_path):
    for order in (TaskOrder(), TaskOrder(NextOrder(tmp_path))):
        assert order.score("a", 0.25) == 0.25
    (tmp_path / FILE).write_text('{"images": [{"path": 3}]}')
    assert TaskOrder(NextOrder(tmp_path)).score("a", 0.25) == 0.25


def test_pre_labels_are_scored_by_the_project_s_order(label_studio, studio_api, region_engine, project_folder, body_of):
    tasks = [studio_api.add_task(image) for image in IMAGES]
    body = {**body_of("predict_interactive_three_points"), "tasks": tasks}
    del body["params"]
    sure = [row["score"] for row in answered(label_studio, body)]
    shas = [image_sha256(image) for image in region_engine.images.values()]
    images = tuple(NextImage(f"{sha}.png", sha, 1.0) for sha in reversed(shas))
    write_next(project_folder / "models", NextImages("entropy", "v", PACKAGED, "2030", images))
    body["project"] = "9.1795220051"  # another project asks for them anew
    assert [row["score"] for row in answered(label_studio, body)] == [0.25, 0.0]
    assert all(0 < score <= 1 for score in sure)


def test_the_order_is_not_read_where_all_requests_are_answered(
    label_studio, studio_api, project_folder, body_of, monkeypatch
):
    asked, holding = [], NextOrder.holding

    def watched(order):
        with suppress(RuntimeError):
            asyncio.get_running_loop()
            raise AssertionError("every request waits for it")
        asked.append(order)
        return holding(order)

    monkeypatch.setattr(NextOrder, "holding", watched)
    body = {**body_of("predict_interactive_three_points"), "tasks": [studio_api.add_task(image) for image in IMAGES]}
    del body["params"]
    assert len(answered(label_studio, body)) == 2
    assert asked == [asked[0]] * 2, "one order is kept for all"


def answered(client, body):
    answer = client.post("/predict", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()["results"]

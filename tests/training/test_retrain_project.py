"""Retraining a real project with the packaged weights: a few small steps, killed, locked, forced."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

import semsam_annotate as semsam
from semsam_annotate.annotations import Project, read_image
from semsam_annotate.annotations.retraining.counts import MaskCounter
from semsam_annotate.api import BadInput, encode_rle
from semsam_annotate.model.engine.opening import packaged_weights
from semsam_annotate.model.registry import PACKAGED, ModelRegistry
from semsam_annotate.training.data.readers import open_data
from semsam_annotate.training.naming import NamingSettings
from semsam_annotate.training.retrain import RetrainSettings, retrain
from semsam_annotate.training.retrain.lock import only_one
from semsam_annotate.training.retrain.project_data import read_project
from semsam_annotate.training.retrain.settings import steps_for
from semsam_annotate.training.scenes import generate

SMALL = RetrainSettings(
    steps=2, batch=1, size=64, final_size=64, workers=0, replay_scenes=2, naming=NamingSettings(batches=2, steps=5)
)


@pytest.fixture
def project(annotated_scenes: Callable[[int], Project]) -> Project:
    return annotated_scenes(4)


def _registry(project: Project) -> ModelRegistry:
    return ModelRegistry(project.models, packaged_weights())


def test_accepted_masks_are_split_by_image_and_keep_their_names(project: Project) -> None:
    data = read_project(project)
    assert len(data.train) == 3
    assert len(data.validation.images) <= 1
    stored = {(row.object, row.part) for row in project.store.annotations()}
    named = {pair for entry in data.train for pair in zip(entry.objects, entry.parts, strict=True)}
    assert named <= stored


def test_names_are_asked_as_annotators_and_rankings_ask_them_with_the_owners_of_parts(project: Project) -> None:
    project.add_classes(["robot"], [("robot", "antenna")])
    vocabulary, known = read_project(project).validation.vocabulary, project.vocabulary()
    assert dict(known.owners)["antenna"] == ("robot",)
    assert vocabulary.owners == known.owners


def test_test_images_are_neither_learned_from_nor_judged_by(project: Project) -> None:
    before, counted = read_project(project), MaskCounter(project).all()
    scene = generate(9, 96, "held-out")
    path = project.folder / "test.png"
    Image.fromarray(scene.image).save(path)
    ref = project.ref(path, scene.image)
    project.store.register(ref)
    project.store.splits.assign(ref.sha256, "test")
    project.store.accept(ref, mask=encode_rle(scene.masks[0]), object="secret")
    data, now = read_project(project), MaskCounter(project).all()
    assert (data.ids, data.test_images, before.test_images) == (before.ids, 1, 0)
    assert [entry.path for entry in data.train] == [entry.path for entry in before.train]
    assert data.validation.vocabulary == before.validation.vocabulary
    assert now == replace(counted, test=1)
    assert (now.learn, now.held_back) == (sum(map(len, data.train)), data.validation_masks)
    with closing(open_data(project.folder)) as found:
        assert len(found) == 4


def test_a_copy_of_what_is_held_back_is_of_the_same_scene(project: Project) -> None:
    ref = next(one for one in project.store.images() if project.split_of(one) == "validation")
    again = project.folder / "again.png"
    Image.fromarray(255 - (255 - project.read(ref)) // 10 * 9).save(again)
    copy = project.ref(again, read_image(again))
    project.store.register(copy)
    project.store.accept(copy, mask=project.store.annotations(image=ref)[0].mask, object="car")
    scenes = {image.name: image.scene for image in read_project(project).validation.images}
    assert (scenes[ref.sha256], scenes[copy.sha256]) == ("", ref.sha256)


def test_a_refused_model_is_kept_but_does_not_serve(project: Project) -> None:
    report = retrain(project, SMALL)
    assert not report.promoted
    assert any("validation masks" in reason for reason in report.verdict.reasons)
    assert _registry(project).active().version == PACKAGED
    assert report.version.version in {version.version for version in _registry(project).versions()}


def test_force_promotes_and_rollback_takes_it_back(project: Project) -> None:
    with closing(semsam.load_engine(f"project:{project.folder}")) as engine:
        before = engine.info.version
        report = retrain(project, replace(SMALL, force=True))
        assert engine.info.version == report.version.version != before
        _registry(project).rollback()
        assert engine.info.version == before


def test_names_that_the_old_model_knew_stay_known(project: Project) -> None:
    retrain(project, replace(SMALL, force=True))
    engine = semsam.load_engine(f"project:{project.folder}")
    known = engine.resolve(semsam.Vocabulary(objects=["person", "lantern", "no such thing"])).known
    engine.close()
    assert known is not None
    assert "person" in known
    assert "no such thing" not in known


def test_more_photos_are_worth_more_steps_within_a_limit() -> None:
    counts = [steps_for(images) for images in (1, 30, 100, 300, 10_000)]
    assert counts == sorted(counts)
    assert counts[1:3] == [203, 420]
    assert counts[-1] == 800


def test_to_promote_anyway_and_to_hold_exclude_each_other() -> None:
    with pytest.raises(BadInput, match="not both"):
        RetrainSettings(force=True, hold=True)


def test_nothing_accepted_is_said_in_one_line(tmp_path: Path) -> None:
    with Project.create(tmp_path / "empty") as empty, pytest.raises(BadInput, match="no accepted annotations"):
        retrain(empty, SMALL)


def test_only_one_retraining_at_a_time(project: Project) -> None:
    with only_one(project.models), pytest.raises(BadInput, match="already running"):
        retrain(project, SMALL)


def test_a_killed_retraining_leaves_the_old_model_serving(project: Project) -> None:
    command = [
        sys.executable,
        "-m",
        "semsam_annotate.cli",
        "retrain",
        "--project",
        str(project.folder),
        "--steps",
        "500",
    ]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    deadline = time.monotonic() + 120
    while not list(project.models.glob(".retrain-*/run/metrics.jsonl")) and time.monotonic() < deadline:
        time.sleep(0.1)
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    assert _registry(project).active().version == PACKAGED
    assert [version.version for version in _registry(project).versions()] == [PACKAGED]
    with only_one(project.models):
        pass

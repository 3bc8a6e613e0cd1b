"""Ranking a project's images with the packaged weights: what is written down, and what goes wrong on the way."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from semsam_annotate.annotations import Project, image_sha256, read_image
from semsam_annotate.annotations.next_images import FILE
from semsam_annotate.annotations.retraining.loop import Loop
from semsam_annotate.api import BadInput, Cancelled, CancelToken
from semsam_annotate.model.engine.opening import packaged_weights
from semsam_annotate.model.registry import ModelRegistry
from semsam_annotate.training.active.looking import FOLDER
from semsam_annotate.training.active.rank import RankSettings, rank


def test_the_order_is_written_down_and_the_queue_follows_it_while_its_model_serves(project, engine):
    found = rank(project, engine, RankSettings("entropy", count=2, review=3)).found
    paths = [Path(one.path) for one in found.images]
    assert sorted(paths) == project.images()
    assert project.queue() == paths
    assert project.order.holding() == found
    assert [len(one.review) <= 3 for one in found.images[:2]] == [True, True]
    assert found.images[2].review == ()
    assert [one.sha256 for one in found.images] == [image_sha256(read_image(path)) for path in paths]
    project.store.states.tell(project.ref(paths[0], read_image(paths[0])), "done")
    assert project.queue() == paths[1:]
    project.models.joinpath("active.json").write_text('{"promoted": ["0123456789ab"]}')
    assert project.order.holding() is None
    assert project.queue() == sorted(paths[1:])


def test_again_it_is_the_same_from_what_was_kept_and_damage_is_made_good(project, engine):
    first = rank(project, engine, RankSettings("disagreement")).found
    kept = sorted((project.embeddings / FOLDER).glob("*/*.json"))
    assert len(kept) == 3
    made = {path: path.read_bytes() for path in kept}
    kept[0].write_bytes(b'{"guesses": [{"score": "x"')
    kept[1].write_text(json.dumps({**json.loads(kept[1].read_text()), "vector": [float("nan")]}))
    assert rank(project, engine, RankSettings("disagreement")).found.images == first.images
    assert {path: json.loads(path.read_bytes())["vector"] for path in kept} == {
        path: json.loads(data)["vector"] for path, data in made.items()
    }


def test_files_that_are_gone_or_damaged_are_told_and_left_out(project, engine):
    gone, damaged, whole = project.images()
    gone.unlink()
    damaged.write_bytes(b"not an image")
    told = rank(project, engine, RankSettings())
    assert [one.path for one in told.found.images] == [str(whole)]
    assert [path for path, _ in told.skipped] == [gone, damaged]
    assert project.queue() == [whole, gone, damaged]


def test_without_a_vocabulary_without_images_and_with_one(tmp_path, project, engine):
    with Project.create(tmp_path / "bare") as bare:
        for strategy in ("foreground", "entropy", "clasp", "diverse"):
            assert rank(bare, engine, RankSettings(strategy)).found.images == ()
        bare.add_images(project.images()[:1])
        for strategy in ("foreground", "entropy", "clasp", "diverse"):
            (one,) = rank(bare, engine, RankSettings(strategy)).found.images
            assert one.clicks >= 1
            assert all(item.name is None for item in one.review)


def test_cancelled_it_leaves_the_last_order(project, engine):
    before = rank(project, engine, RankSettings("random")).found
    token = CancelToken()
    (project.folder / "new.png").write_bytes(project.images()[0].read_bytes())
    with pytest.raises(Cancelled):
        rank(project, engine, RankSettings("entropy"), lambda done, total: token.cancel(), token)
    assert project.order.holding() == before


def test_a_copy_of_what_is_labelled_done_or_skipped_is_not_ranked(project, engine):
    for number, path in enumerate(project.images()):
        path.with_name(f"copy of {path.name}").write_bytes(path.read_bytes())
        ref = project.ref(path, read_image(path))
        if number < 2:
            project.store.states.tell(ref, ("done", "skipped")[number])
        else:
            project.store.accept(ref, mask=np.eye(64, 80) > 0, object="disc")
    project.add_images([path.with_name(f"copy of {path.name}") for path in project.images()])
    for most in (0, 2):
        assert rank(project, engine, RankSettings(most=most)).found.images == ()
    new = project.images()[0].with_name("new.png")
    Image.fromarray(np.zeros((64, 80, 3), np.uint8)).save(new)
    project.add_images([new])
    assert [one.path for one in rank(project, engine, RankSettings(most=1)).found.images] == [str(new)]


def test_another_model_in_between_is_said_and_nothing_of_it_is_kept(project, engine):
    class Swapping:
        """Another model serves from the second image on."""

        def __getattr__(self, name):
            return getattr(engine, name)

        @property
        def info(self):
            return replace(engine.info, version="0123456789ab") if kept() else engine.info

    def kept():
        return list((project.embeddings / FOLDER).glob("*/*.json"))

    with pytest.raises(BadInput, match="another model serves"):
        rank(project, Swapping(), RankSettings())
    assert len(kept()) == 1
    assert project.order.holding() is None


def test_only_so_many_are_looked_at(project, engine):
    found = rank(project, engine, RankSettings("random", most=2)).found
    assert len(found.images) == 2
    assert set(project.queue()) == set(project.images())


def test_the_command_prints_the_order_and_writes_it(project, semsam):
    code, out, _ = semsam("next", "--project", project.folder, "--count", 2, "--json")
    told = json.loads(out)
    assert (code, told["strategy"], len(told["images"])) == (0, "foreground", 2)
    assert len(json.loads((project.models / FILE).read_bytes())["images"]) == 3
    code, out, _ = semsam("next", "--project", project.folder, "--strategy", "diverse")
    assert code == 0
    assert out.startswith("3 images ranked by diverse")
    assert len(out.splitlines()) == 4
    code, _, err = semsam("next", "--project", project.folder, "--strategy", "best")
    assert (code, len(err.splitlines())) == (2, 1)


def test_a_promotion_makes_the_loop_rank_again_as_it_was_ranked_once_a_model(project, engine):
    rank(project, engine, RankSettings("entropy", count=3, review=2, most=2, seed=7))
    registry = ModelRegistry(project.models, packaged_weights())
    with Loop(project) as loop:
        loop.step()
        assert loop.ranking.child is None
        registry.promote(registry.add(packaged_weights(), {}).version)
        assert project.order.holding() is None
        loop.step()
        assert loop.ranking.child.wait(120) == 0, (project.models / "next.log").read_text()
        found = project.order.holding()
        assert (found.strategy, found.most, len(found.images)) == ("entropy", 2, 2)
        assert (found.count, found.review, found.seed) == (3, 2, 7)
        assert [bool(one.review) for one in found.images] == [True, True]
        begun = loop.ranking.child
        (project.models / FILE).write_text(json.dumps({**found.to_json(), "serving": "packaged"}))
        loop.step()
        assert loop.ranking.child is begun

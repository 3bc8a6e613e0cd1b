"""Threads, cancelling, caches under pressure, two processes alike."""

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from semsam_annotate.api import AutoSettings, Cancelled, CancelToken, Prompt, Vocabulary
from semsam_annotate.model.engine.interruption import CancelPoints
from semsam_annotate.model.engine.opening import open_engine
from semsam_annotate.model.engine.settings import EngineSettings

WORDS = Vocabulary(["car", "person"], ["wheel"])
PROMPTS = [Prompt([(44, 30)]), Prompt([(5, 5)]), Prompt(box=(24, 10, 64, 50))]
SEARCH = AutoSettings(side=4, quality=0, stability=0, smallest=1)


def plain(ladders):
    """What ladders say, but for the ids, which are new each time."""
    return [[{**rung.to_json(), "id": None} for rung in ladder] for ladder in ladders]


def plain_tree(tree):
    return [{**node.proposal.to_json(), "id": None} for node in tree]


def photos(photo, count):
    return [np.roll(photo, 7 * number, 1) for number in range(count)]


def work(engine, image):
    handle = engine.encode(image)
    return plain(engine.propose_many(handle, PROMPTS, WORDS)), plain_tree(engine.auto(handle, WORDS, SEARCH))


def test_eight_threads_get_what_they_would_get_in_turn(engine_of, photo):
    images = photos(photo, 4) * 4
    in_turn = engine_of()
    expected = [work(in_turn, image) for image in images[:4]] * 4
    shared = engine_of()
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda image: work(shared, image), images)) == expected


def test_a_request_keeps_its_image_whatever_the_cache_drops(engine_of, photo):
    """Room for one image: others push it out while it is being searched."""
    engine = engine_of(memory_bytes=0)
    expected = plain_tree(engine.auto(engine.encode(photo), WORDS, SEARCH))
    handle, others = engine.encode(photo), photos(photo, 6)[1:]

    def push_out(done, total):
        engine.encode(others.pop())

    assert plain_tree(engine.auto(handle, WORDS, SEARCH, push_out)) == expected
    assert len(others) < 5
    assert engine._memory.get(handle.key) is None


@pytest.fixture(scope="module")
def packaged():
    engine = open_engine("default", "cpu", EngineSettings())
    yield engine
    engine.close()


def work_after_cancel(seconds, call):
    """Seconds of CPU that a call still took after its token was cancelled; on a busy machine the clock says nothing."""
    token, at = CancelToken(), []

    def cancel():
        at.append(time.process_time())
        token.cancel()

    timer = threading.Timer(seconds, cancel)
    timer.start()
    try:
        with pytest.raises(Cancelled):
            call(token)
        return time.process_time() - at[0]
    finally:
        timer.cancel()


def test_cancelling_frees_the_engine(packaged):
    rng = np.random.default_rng(0)
    image = rng.integers(0, 255, (600, 800, 3)).astype(np.uint8)
    handle, everything = packaged.encode(image), AutoSettings(side=64, most_clicks=4096, quality=0)
    for seconds in (0.05, 0.3, 0.6):
        assert work_after_cancel(seconds, lambda token: packaged.auto(handle, WORDS, everything, cancel=token)) < 0.3
    token = CancelToken()
    token.cancel()
    for call in (
        lambda: packaged.encode(image[:300], cancel=token),
        lambda: packaged.propose_many(handle, PROMPTS, WORDS, cancel=token),
        lambda: packaged.auto(handle, WORDS, cancel=token),
        lambda: packaged.auto_tiled(image, WORDS, cancel=token),
    ):
        with pytest.raises(Cancelled):
            call()
    assert packaged.propose(handle, PROMPTS[0])


def test_an_encoding_ends_at_the_next_layer(engine_of, photo):
    """A token cancelled inside layer number n: no further layer runs, and the engine serves the next request."""
    engine, token, ran = engine_of(), CancelToken(), []
    network = engine._current().network

    def count(*_):
        ran.append(1)
        if len(ran) == 5:
            token.cancel()

    leaves = [module for module in network.modules() if next(module.children(), None) is None]
    hooks = [module.register_forward_hook(count) for module in leaves]
    with pytest.raises(Cancelled):
        engine.encode(photo, cancel=token)
    assert len(ran) == 5
    for hook in hooks:
        hook.remove()
    assert engine.propose(engine.encode(photo), PROMPTS[0])


def test_a_token_stops_its_own_thread_only():
    network = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 2))
    points, token = CancelPoints(network), CancelToken()
    with points.honour(token, lambda: None):
        token.cancel()
        with ThreadPoolExecutor(1) as other:
            assert other.submit(network, torch.zeros(1, 2)).result().shape == (1, 2)
        with pytest.raises(Cancelled):
            network(torch.zeros(1, 2))
    assert network(torch.zeros(1, 2)).shape == (1, 2)
    with pytest.raises(Cancelled), points.honour(token, lambda: None):
        pass


def test_listeners_of_a_token_hear_once():
    token, heard = CancelToken(), []
    take_back = token.on_cancel(lambda: heard.append("no"))
    take_back()
    token.on_cancel(lambda: heard.append("yes"))
    token.cancel()
    token.cancel()
    token.on_cancel(lambda: heard.append("late"))
    assert heard == ["yes", "late"]


ONE_RUN = """
import hashlib, json, numpy as np
from semsam_annotate.api import AutoSettings, Prompt, Vocabulary
from semsam_annotate.model.engine.settings import EngineSettings
from semsam_annotate.model.engine.opening import open_engine
engine = open_engine("default", "cpu", EngineSettings())
rows, columns = np.mgrid[:90, :120]
image = np.stack([rows * 2, columns * 2, (rows * columns) % 251], -1).astype(np.uint8)
image[20:70, 30:80] = (200, 40, 60)
handle, words = engine.encode(image), Vocabulary(["car"], ["wheel"])
ladders = engine.propose_many(handle, [Prompt([(50, 40)]), Prompt(box=(5, 5, 60, 60))], words)
rungs = [rung for ladder in ladders for rung in ladder]
rungs += [node.proposal for node in engine.auto(handle, words, AutoSettings(side=4))]
said = [{**rung.to_json(), "id": None} for rung in rungs]
print(handle.key, hashlib.sha256(json.dumps(said).encode()).hexdigest())
"""


def test_two_processes_answer_alike_to_the_last_bit():
    run = [sys.executable, "-c", ONE_RUN]
    both = [subprocess.Popen(run, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    first, second = (process.communicate(timeout=500)[0].strip() for process in both)
    assert len(first.split()) == 2
    assert first == second


@pytest.mark.parametrize("device", ["mps", "cuda"])
def test_other_devices_answer_like_the_cpu(device, photo):
    present = torch.backends.mps.is_available() if device == "mps" else torch.cuda.is_available()
    if not present:
        pytest.skip(f"no {device} here")
    there, here = (open_engine("default", name, EngineSettings()) for name in (device, "cpu"))
    for prompt in PROMPTS:
        one, other = (engine.propose(engine.encode(photo), prompt, WORDS) for engine in (there, here))
        assert [rung.level for rung in one] == [rung.level for rung in other]
        assert all((a.mask != b.mask).mean() <= 0.01 for a, b in zip(one, other, strict=True))
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        there.encode(photo[:20], cancel=token)

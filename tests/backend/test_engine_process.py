"""The engine as a child process: it starts, dies, starts again, and never outlives its parent."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from semsam_annotate.api import EngineUnavailable, Prompt, StaleEmbedding, Vocabulary
from semsam_annotate.backend import server
from semsam_annotate.cli.serve import BEHIND_THE_WINDOW
from semsam_annotate.remote import EngineProcess, RemoteEngine

TOKEN = "a-token-for-tests"
WORDS = Vocabulary(["car", "dog"], ["wheel"])


def test_a_taken_port_is_one_line_and_exit_code_2():
    with server.bind("127.0.0.1", 0) as taken:
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "semsam_annotate.cli", "serve", "--engine-only", "--port", port]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert f"cannot listen on 127.0.0.1:{port}" in ended.stderr


def test_an_engine_process_that_cannot_start_says_why(tmp_path):
    with pytest.raises(EngineUnavailable, match="did not start"):
        EngineProcess(str(tmp_path / "missing.safetensors")).start()


class RegionProcess(EngineProcess):
    """The same child, with the region engine in place of weights."""

    def _command(self) -> list[str]:
        conftest = str(Path(__file__).with_name("conftest.py"))
        code = (
            f"import runpy, sys; made = runpy.run_path({conftest!r})['RegionEngine'];"
            "import semsam_annotate.backend.app as app; app.load_engine = lambda *_, **__: made();"
            "from semsam_annotate.cli import main; sys.argv[0] = 'semsam'; main()"
        )
        return [sys.executable, "-c", code, *super()._command()[3:]]


def test_an_engine_process_starts_dies_and_starts_again(scene):
    with RegionProcess() as process:
        embedding = process.engine.encode(scene)
        assert len(process.engine.propose(embedding, Prompt([(32, 24)]), WORDS)) > 1
        first = process.pid
        os.kill(first, signal.SIGKILL)
        until = time.monotonic() + 10
        while process.is_running and time.monotonic() < until:
            time.sleep(0.01)
        with pytest.raises(StaleEmbedding):
            process.engine.propose(embedding, Prompt([(32, 24)]))
        assert process.pid not in (None, first)
        engine = process.engine
        process.kill()
        assert not process.is_running
        with pytest.raises(EngineUnavailable):
            engine.encode(scene)
        process.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux knows threads of different niceness")
def test_what_takes_long_goes_behind_the_window_and_clicks_do_not(scene):
    with RegionProcess() as process:
        process.engine.propose(process.engine.encode(scene), Prompt([(32, 24)]))
        threads = [int(one.name) for one in Path(f"/proc/{process.pid}/task").iterdir()]
        here = os.getpriority(os.PRIO_PROCESS, 0)
        niceness = {max(os.getpriority(os.PRIO_PROCESS, thread), here) for thread in threads}
        assert niceness == {here, max(BEHIND_THE_WINDOW, here)}
        assert os.getsid(process.pid) == os.getsid(0), "a share of the processor of its own, where autogroups are on"
        assert os.getpgid(process.pid) == process.pid, "Ctrl+C would end it, too"


def test_a_child_that_is_killed_while_it_starts_is_started_once_more():
    process, starting, first = _in_the_middle_of_its_start()
    os.kill(first, signal.SIGKILL)
    assert starting.result(120).info.version == "regions-1"
    assert process.pid not in (None, first)
    process.kill()


def test_a_start_that_is_ended_on_purpose_stays_ended():
    process, starting, _ = _in_the_middle_of_its_start()
    process.kill()
    with pytest.raises(EngineUnavailable):
        starting.result(120)
    assert process.pid is None


def _in_the_middle_of_its_start() -> tuple[RegionProcess, Future[RemoteEngine], int]:
    process = RegionProcess()
    starting = ThreadPoolExecutor(1).submit(process.start)
    until = time.monotonic() + 20
    while process.pid is None:
        assert time.monotonic() < until
        time.sleep(0.01)
    return process, starting, process.pid


def test_a_child_ends_when_its_parent_is_killed(tmp_path):
    child = "from semsam_annotate.backend.server import exit_with_parent as e; e(); import time; time.sleep(60)"
    script = f"""
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", {child!r}], stdin=subprocess.PIPE)
print(child.pid, flush=True)
time.sleep(60)
"""
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    pid = int(parent.stdout.readline())
    time.sleep(1.5)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    until = time.monotonic() + 20
    while _alive(pid) and time.monotonic() < until:
        time.sleep(0.05)
    assert not _alive(pid)


def _alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().split()[2] != "Z"
    except OSError:
        return False

"""Files in the layout of the published checkpoints: converted when every tensor is right, refused by name otherwise."""

import json
import pickle
import re
from contextlib import closing
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import torch
from typer.testing import CliRunner

from semsam_annotate.api import BadInput
from semsam_annotate.cli.app import build
from semsam_annotate.model.checkpoints.published import NETWORKS, check, convert, read_published, which
from semsam_annotate.model.checkpoints.published_files import FILES
from semsam_annotate.model.checkpoints.published_layout import OWN, TEXT, layout_of
from semsam_annotate.model.checkpoints.published_names import published_name
from semsam_annotate.model.checkpoints.weights import load_checkpoint
from semsam_annotate.model.config import ClipTextConfig
from semsam_annotate.model.engine.opening import open_engine
from semsam_annotate.model.network import SemanticSam
from semsam_annotate.model.presets import preset

NORM = "sem_seg_head.predictor.decoder_norm.weight"
BOX = "sem_seg_head.predictor.bbox_embed.3.layers.1.bias"
INDEX = "backbone.layers.0.blocks.0.attn.relative_position_index"


class Bomb:
    """Unpickled, it would leave a trace."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self):
        return Path.touch, (self.trace,)


@pytest.fixture(scope="module")
def published(network_of):
    """All tensors of a Swin-T checkpoint, shared layers repeated, under their published names."""
    layout = layout_of("swin-t")
    state = {published_name(name): value for name, value in network_of("swin-t").state_dict().items()}
    whole = {**{name: value for name, value in state.items() if name in layout.shapes}, **layout.tables}
    whole |= {alias: whole[name] for alias, name in layout.aliases.items()}
    return whole | {name: torch.zeros(shape) for name, shape in layout.shapes.items() if name not in whole}


def write(path, tensors, **extra):
    torch.save({"model": {f"model.{name}": value for name, value in tensors.items()} | extra, "iteration": 3}, path)
    return path


@pytest.mark.parametrize(("size", "letter"), [("swin-t", "T"), ("swin-l", "L")])
def test_the_layout_is_the_recorded_one(size, letter, reference):
    recorded = json.loads((reference / f"state_dict_swin{letter}.json").read_text())["keys"]
    layout = layout_of(size)
    assert layout.shapes == {name: tuple(entry["shape"]) for name, entry in recorded.items()}
    assert layout.aliases == {name: entry["alias_of"] for name, entry in recorded.items() if "alias_of" in entry}


@pytest.mark.parametrize("size", ["swin-t", "swin-l", "swin-l-sam"])
def test_no_two_parameters_share_a_published_name(size):
    with torch.device("meta"):
        names = [published_name(name) for name in SemanticSam(preset(size)).state_dict() if name not in OWN]
    assert None not in names
    assert len(set(names)) == len(names)


def test_a_published_file_is_converted_exactly(published, network_of, tmp_path):
    extra = {"model.criterion.empty_weight": torch.ones(2), "model.note": "a string"}
    source = write(tmp_path / "swint.pth", published, **extra)
    answer = CliRunner().invoke(build(), ["models", "convert", str(source), "--json"], catch_exceptions=False)
    told = json.loads(answer.stdout)
    assert (told["network"], told["ignored"]) == ("swin-t", ["model.criterion.empty_weight", "model.note", "iteration"])
    network, card, version = load_checkpoint(tmp_path / "swint.safetensors")
    assert version == told["version"]
    assert [card.levels.index(level) for level in range(1, 7)] == [3, 2, 0, 4, 1, 5]
    assert card.trained["sha256"] == told["sha256"]
    for name, value in network_of("swin-t").state_dict().items():
        if published_name(name) in published:
            assert torch.equal(network.state_dict()[name], value), name


def test_a_text_tower_comes_along(published, network_of, tmp_path):
    network = network_of("swin-t with text")
    state = {published_name(name): value for name, value in network.state_dict().items()}
    text = {name: value for name, value in state.items() if name and name.startswith(TEXT)}
    assert len(text) == 150
    told = convert(write(tmp_path / "text.pth", {**published, **text}), tmp_path / "text.safetensors")
    loaded, card, _ = load_checkpoint(told.path)
    assert (told.network, card.config.clip_text) == ("swin-t", ClipTextConfig())
    for name, value in loaded.state_dict().items():
        if name.startswith("text_tower.") or name == "class_heads.logit_scale":
            assert torch.equal(value, network.state_dict()[name]), name
    text.pop(f"{TEXT}lang_proj")
    with pytest.raises(BadInput, match=f"not the published swin-t: missing {TEXT}lang_proj"):
        convert(write(tmp_path / "text.pth", {**published, **text}), tmp_path / "again.safetensors")


@pytest.mark.parametrize("text", [False, True])
@pytest.mark.parametrize("name", NETWORKS)
def test_networks_are_told_apart(name, text):
    shapes = layout_of(name, text).shapes
    assert which({key: torch.empty(shape, device="meta") for key, shape in shapes.items()}) == (name, text)


def test_pulled_once_it_opens_by_name(published, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(BadInput, match="semsam models pull swin-t"):
        open_engine("swin-t")
    write(tmp_path / FILES["swin-t"], published)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=tmp_path)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        release = f"http://127.0.0.1:{server.server_port}"
        answer = CliRunner().invoke(build(), ["models", "pull", "swin-t", "--release", release], catch_exceptions=False)
        server.shutdown()
    assert "pinned now" in answer.output
    assert "its authors state none" in answer.output
    with closing(open_engine("swin-t", "cpu")) as engine:
        assert engine.info.name == "swin-t"
        assert engine.info.version in answer.output


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda tensors: tensors.pop(NORM), f"missing {NORM}"),
        (lambda tensors: tensors.update(more=torch.ones(1)), "unexpected more"),
        (lambda tensors: tensors.update({NORM: torch.ones(3)}), rf"wrong shape: {NORM} \(3,\) instead of \(256,\)"),
        (lambda tensors: tensors.update({BOX: tensors[BOX] + 1}), f"copies that differ: {BOX}"),
        (lambda tensors: tensors.update({INDEX: tensors[INDEX] + 1}), f"other positions in {INDEX}"),
        (lambda tensors: tensors.update({NORM: torch.full((256,), torch.nan)}), "not finite in|copies that differ"),
        (lambda tensors: [tensors.pop(name) for name in list(tensors)[:40]], "and 35 more"),
    ],
    ids=["missing", "unexpected", "shape", "copies", "table", "nan", "many"],
)
def test_every_fault_is_named(published, tmp_path, change, message):
    tensors = dict(published)
    change(tensors)
    with pytest.raises(BadInput, match=message):
        check(tmp_path / "swint.pth", "swin-t", tensors, layout_of("swin-t"))


def test_a_partial_file_leaves_nothing_behind(published, tmp_path):
    tensors = {name: value for name, value in published.items() if "backbone" not in name}
    source = write(tmp_path / "swint.pth", tensors)
    with pytest.raises(BadInput, match="missing backbone"):
        convert(source, tmp_path / "out.safetensors")
    assert list(tmp_path.iterdir()) == [source]


@pytest.mark.parametrize("legacy", [False, True], ids=["zip", "legacy"])
def test_a_payload_is_refused_and_not_run(tmp_path, legacy):
    source, trace = tmp_path / "evil.pth", tmp_path / "it-ran"
    content = {"model": {"model.x": torch.ones(1), "model.y": Bomb(trace)}}
    torch.save(content, source, _use_new_zipfile_serialization=not legacy)
    with pytest.raises(BadInput, match="nothing in it was run"):
        read_published(source)
    assert not trace.exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "damaged or not a PyTorch checkpoint"),
        (b"PK\x03\x04 cut off", "damaged or not a PyTorch checkpoint|refused"),
        (pickle.dumps({"weights": 1}), "has no table of tensors|damaged|refused"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "damaged|refused"),
    ],
    ids=["empty", "truncated", "other", "image"],
)
def test_what_is_no_checkpoint(tmp_path, content, message):
    source = tmp_path / "file.pth"
    source.write_bytes(content)
    answer = CliRunner().invoke(build(), ["models", "convert", str(source)])
    assert isinstance(answer.exception, BadInput)
    assert re.search(message, str(answer.exception))
    assert not source.with_suffix(".safetensors").exists()


def test_names_without_the_prefix_and_missing_files(tmp_path):
    torch.save({"model": {"backbone.x": torch.ones(1)}}, tmp_path / "file.pth")
    with pytest.raises(BadInput, match=r"unexpected backbone\.x"):
        read_published(tmp_path / "file.pth")
    with pytest.raises(BadInput, match="there is no checkpoint"):
        read_published(tmp_path / "nowhere.pth")

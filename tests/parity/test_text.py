"""The CLIP text tower: tokens, states, embeddings of sentences and names, object and part logits."""

import hashlib
import json
from dataclasses import replace

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from semsam_annotate.api import BadInput
from semsam_annotate.model.checkpoints.published_names import published_name
from semsam_annotate.model.checkpoints.weights import CheckpointCard, load_checkpoint, save_checkpoint
from semsam_annotate.model.config import ClipTextConfig, ModelConfig, semsam_tiny
from semsam_annotate.model.network import SemanticSam
from semsam_annotate.model.published import EncodedInput
from semsam_annotate.model.text import ClipTextTower, clip_tokens
from semsam_annotate.model.text.clip_tokens import ClipTokenizer, bare, templates

SMALL = ClipTextConfig(width=32, layers=2, heads=4)
TIGHT = 1e-4


@pytest.fixture(scope="module")
def tower():
    torch.manual_seed(0)
    return ClipTextTower(SMALL, 16).eval()


@torch.no_grad()
def test_c9(case, network_of, measured):
    name = "c9_text_classes"
    recorded, network = case(name), network_of("swin-t with text")
    arrays, tower = recorded.arrays, network.text_tower
    sentences = recorded.facts["sentences"]
    ids = tower.tokenizer(sentences)
    assert ids.tolist() == arrays["input_ids"].tolist()
    measured.close(name, "last hidden states", tower.hidden(ids), arrays["last_hidden"], 1e-3)
    measured.close(name, "sentence embeddings", tower.sentences(sentences), arrays["sent_emb"], TIGHT)
    listed = "\n".join(templates())
    assert hashlib.sha256(listed.encode()).hexdigest() == recorded.facts["templates_sha256"]
    text = {bank: tower(recorded.facts[f"{bank}_classes"]) for bank in ("whole", "part")}
    for bank, embeddings in text.items():
        measured.close(name, "class embeddings", embeddings, arrays[f"{bank}_text_embeddings"], TIGHT)
    image = torch.from_numpy(case("c1_tiny_raw").image).permute(2, 0, 1)
    encoded, prompts = EncodedInput.of(network, image), torch.from_numpy(case("c1_tiny_raw").arrays["prompts_cxcywh"])
    answers = encoded.decode(prompts, every_layer=True)
    measured.close(name, "predicted IoU", answers[-1].scores[0, ..., 0], arrays["ious"], TIGHT)
    for layer, bank, key in (
        (-1, "whole", "pred_logits_whole"),
        (-1, "part", "pred_logits_part"),
        (0, "whole", "aux0_logits_whole"),
    ):
        logits = network.class_heads(answers[layer].state[0].flatten(0, 1), text[bank], bank == "part")
        measured.close(name, f"{bank} logits", logits, arrays[key], 1e-3)


def test_published_names_are_the_recorded_ones(reference):
    recorded = json.loads((reference / "state_dict_text_encoder_extra.json").read_text())["keys"]
    with torch.device("meta"):
        state = SemanticSam(ModelConfig(clip_text=ClipTextConfig())).state_dict()
    ours = {published_name(name): tuple(value.shape) for name, value in state.items()}
    assert {name: tuple(entry["shape"]) for name, entry in recorded.items()} == {
        name: shape for name, shape in ours.items() if name and ".lang_encoder." in name
    }


@torch.no_grad()
def test_names_do_not_depend_on_their_company(tower):
    names = ["dog", "left front wheel", "ß", "a " * 60]
    together = tower(names)
    assert together.shape == (4, 16)
    torch.testing.assert_close(together.norm(dim=1), torch.ones(4))
    for row, name in enumerate(names):
        torch.testing.assert_close(tower([name])[0], together[row])
    torch.testing.assert_close(tower(names[::-1]), together.flip(0))
    assert tower([]).shape == (0, 16)
    assert tower.sentences([]).shape == (0, 16)


@torch.no_grad()
def test_what_stands_behind_the_end_changes_nothing(tower):
    ids = tower.tokenizer(["a dog", "a much longer sentence about a dog and a cat"])
    whole, cut = tower.hidden(ids), tower.hidden(ids[:, :5])
    torch.testing.assert_close(whole[:, :5], cut)


def test_tokens():
    tokenizer = ClipTokenizer(6)
    ids = tokenizer(["", "Dog", "dog", "one two three four five six"])
    assert ids.shape == (4, 6)
    assert ids[0].tolist() == [49406] + [49407] * 5
    assert ids[1].tolist() == ids[2].tolist()
    assert ids[3, -1] == 49407
    assert tokenizer([]).shape == (0, 6)


def test_templates_and_bare_names():
    assert len(templates()) == len(set(templates())) == 81
    assert all(template.count("{}") == 1 for template in templates())
    assert [bare(name) for name in ("sky-other-merged", "rug-merged", "t-shirt")] == ["sky", "rug", "t-shirt"]


def test_one_tower_at_a_time_and_it_fits():
    with pytest.raises(BadInput, match="only one can be set"):
        replace(semsam_tiny(), clip_text=SMALL)
    with pytest.raises(BadInput, match="multiple of heads"):
        ModelConfig(clip_text=replace(SMALL, heads=5))


def test_a_checkpoint_keeps_its_tower(tmp_path):
    config = replace(semsam_tiny(), text=None, clip_text=SMALL)
    network, path = SemanticSam(config).eval(), tmp_path / "clip.safetensors"
    save_checkpoint(network, CheckpointCard(config, (1, 2, 3, 4, 5, 6)), path, half=False)
    loaded, card, _ = load_checkpoint(path)
    assert card.config == config
    with torch.no_grad():
        assert torch.equal(loaded.text_tower(["dog"]), network.text_tower(["dog"]))


def test_a_foreign_tower_is_refused(tmp_path):
    config = replace(semsam_tiny(), text=None, clip_text=SMALL)
    card, paths = CheckpointCard(config, (1, 2, 3, 4, 5, 6)), [tmp_path / f"{name}.safetensors" for name in "ab"]
    for path in paths:
        save_checkpoint(SemanticSam(config), card, path, half=False)
    heads, other = (load_file(path) for path in paths)
    towers = {name: value for name, value in other.items() if name.startswith("text_tower.")}
    with safe_open(paths[0], "pt") as opened:
        header = opened.metadata()
    save_file({**heads, **towers}, paths[0], header)
    with pytest.raises(BadInput, match="contents are not those of version"):
        load_checkpoint(paths[0])


def test_without_openclip_the_line_says_what_to_install(monkeypatch):
    monkeypatch.setattr(clip_tokens, "import_module", lambda name: __import__("no_such_module"))
    with pytest.raises(BadInput, match=r"semsam-annotate\[clip\]"):
        ClipTokenizer(18)(["dog"])

"""Labelling configs and contexts: what they mean, and which of them are refused."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semsam_annotate.api import BadInput, Vocabulary
from semsam_annotate.backend.label_studio.config import MAX_LABELS, parse_config
from semsam_annotate.backend.label_studio.context import parse_context, to_pixel

IMAGE = '<Image name="img" value="$photo"/>'


def config_of(labels: str, name: str = "brush", words: Vocabulary | None = None):
    text = f'<View>{IMAGE}<BrushLabels name="{name}" toName="img">{labels}</BrushLabels></View>'
    return parse_config(text, words or Vocabulary())


def test_recorded_config(body_of):
    config = parse_config(body_of("setup_post")["schema"], Vocabulary(["car", "dog"], ["wheel"]))
    assert (config.image, config.image_key) == ("image", "image")
    assert [(label.value, label.is_part, label.name) for label in config.brush().labels] == [
        ("Object", False, None),
        ("Part", True, None),
    ]
    assert config.vocabulary() == Vocabulary(["car", "dog"], ["wheel"])
    assert config.first("choices", True, ("level",)).label("6") is not None
    assert config.first("number", True, ("level", "granularity")).name == "granularity"
    assert config.first("choices", False) is None


def test_which_labels_are_parts():
    config = config_of(
        '<Label value="car"/><Label value="car:wheel"/><Label value="dog/ear"/><Label value="door" part="true"/>'
        '<Label value="tail"/><Label value="nose" part="false"/>',
        words=Vocabulary(["horse"], ["tail", "nose"]),
    )
    found = {label.value: (label.is_part, label.name, label.owner) for label in config.brush().labels}
    assert found == {
        "car": (False, "car", None),
        "car:wheel": (True, "wheel", "car"),
        "dog/ear": (True, "ear", "dog"),
        "door": (True, "door", None),
        "tail": (True, "tail", None),
        "nose": (False, "nose", None),
    }
    parts, owners = ["wheel", "ear", "door", "tail"], {"wheel": ["car"], "ear": ["dog"]}
    assert config.vocabulary() == Vocabulary(["car", "dog", "nose"], parts, owners=owners)
    assert all(label.is_part for label in config_of('<Label value="hub"/>', name="parts").brush().labels)


MANY = "".join(f'<Label value="{number}"/>' for number in range(MAX_LABELS + 1))
BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not xml",
        "<View>",
        "<View/>",
        f"<View>{IMAGE}</View>",
        f'{BOMB}<View>{IMAGE}<BrushLabels name="b" toName="img"><Label value="&b;"/></BrushLabels></View>',
        '<!DOCTYPE x SYSTEM "file:///etc/passwd"><View/>',
        '<!DOCTYPE x [<!ENTITY a SYSTEM "http://127.0.0.1/">]><View>&a;</View>',
        "<a>" * 200_000,
        "x" * 1_000_001,
        '<?xml version="1.0" encoding="foo"?><View/>',
        "<View>" + IMAGE + '<A name="a" toName="img">' * 10_000 + "</A>" * 10_000 + "</View>",
        f'<View>{IMAGE}<A name="a" toName="img"/>{"<b/>" * 20_000}</View>',
        f'<View>{IMAGE}<A name="a" toName="img">{MANY}</A></View>',
    ],
)
def test_bad_configs(text):
    with pytest.raises(BadInput):
        parse_config(text)


def test_as_many_labels_as_there_may_be_take_seconds():
    """A part of each object, on three tools: what is read per label must not be looked for among all of them."""
    labels = "".join(f'<Label value="object {n}:part {n}"/>' for n in range(MAX_LABELS))
    tools = "".join(f'<{tag} name="{tag}" toName="img">{labels}</{tag}>' for tag in ("BrushLabels", "KeyPointLabels"))
    begin = time.process_time()
    assert len(parse_config(f"<View>{IMAGE}{tools}</View>").vocabulary().parts) == MAX_LABELS
    assert time.process_time() - begin < 10


def test_a_config_without_brush_says_what_it_needs():
    with pytest.raises(BadInput, match="BrushLabels"):
        parse_config(f'<View>{IMAGE}<Choices name="c" toName="img"/></View>').brush()


def test_recorded_points(body_of):
    click = parse_context(body_of("predict_interactive_three_points")["params"]["context"])
    prompt = click.prompt(480, 640)
    assert prompt.labels == (1, 0, 1)
    assert prompt.points[0] == pytest.approx((50.054884742041715 / 100 * 640 - 0.5, 239.5))
    assert click.label == "Object"


def test_recorded_rectangle(body_of):
    click = parse_context(body_of("predict_interactive_rectangle")["params"]["context"])
    box = click.prompt(480, 640).box
    assert box == pytest.approx((198.112, 148.672, 380.768, 331.328), abs=0.01)
    assert click.label == "Part"


def test_a_turned_view_changes_nothing(body_of):
    click = parse_context(body_of("predict_interactive_image_rotation90")["params"]["context"])
    assert click.marks[0]["image_rotation"] == 90
    assert click.prompt(480, 640).points[0] == pytest.approx((105.58, 214.47), abs=0.01)


def test_newer_front_ends():
    mark = {"type": "keypointlabels", "value": {"x": 10, "y": 10, "positive": False}}
    other = {"type": "keypointlabels", "value": {"x": 50, "y": 50, "positive": True}}
    assert parse_context({"result": [other, mark]}).prompt(10, 10).labels == (1, 0)
    assert parse_context({"event": "prewarm"}) is None
    assert parse_context({"event": "capabilities"}) is None


@given(st.floats(0, 100), st.integers(1, 30_000))
def test_percent_stays_inside(percent, side):
    mark = {"type": "keypointlabels", "value": {"x": percent, "y": 0}}
    assert -0.5 <= to_pixel(percent, side) <= side - 0.5
    parse_context({"result": [mark]}).prompt(1, side)


@pytest.mark.parametrize(
    "context",
    [
        5,
        {},
        {"result": 5},
        {"result": [5]},
        {"result": []},
        {"result": [{"type": "keypointlabels"}]},
        {"result": [{"type": "keypointlabels", "value": {"x": "1", "y": 1}}]},
        {"result": [{"type": "keypointlabels", "value": {"x": float("nan"), "y": 1}}]},
        {"result": [{"type": "keypointlabels", "value": {"x": 10**400, "y": 1}}]},
        {"result": [{"type": "keypointlabels", "value": {"x": 101, "y": 1}}]},
        {"result": [{"type": "keypointlabels", "is_positive": False, "value": {"x": 1, "y": 1}}]},
        {"result": [{"type": "rectanglelabels", "value": {"x": 1, "y": 1, "width": 0, "height": 5}}]},
        {"result": [{"type": "rectanglelabels", "value": {"x": 120, "y": 1, "width": 5, "height": 5}}]},
        {"result": [{"type": "polygonlabels", "value": {"points": []}}]},
    ],
)
def test_bad_contexts(context):
    with pytest.raises(BadInput):
        parse_context(context).prompt(100, 100)


def test_thresholds_of_labels_and_of_their_control():
    text = f"""<View>{IMAGE}<BrushLabels name="b" toName="img" model_score_threshold="0.4">
        <Label value="car" model_certainty_threshold="0.6"/><Label value="car:wheel" model_score_threshold="0.7"/>
        <Label value="Part" model_certainty_threshold="0"/></BrushLabels>
        <RectangleLabels name="r" toName="img"><Label value="car"/></RectangleLabels></View>"""
    config = parse_config(text)
    needed = [(label.score, label.certainty) for label in config.brush().labels]
    assert needed == [(0.4, 0.6), (0.7, None), (0.4, 0.0)]
    assert [(label.score, label.certainty) for label in config.first("rectanglelabels").labels] == [(None, None)]


@pytest.mark.parametrize("key", ["model_score_threshold", "model_certainty_threshold"])
@pytest.mark.parametrize("said", ["high", "-0.1", "1.5", "nan"])
def test_a_threshold_is_a_share(said, key):
    with pytest.raises(BadInput, match=key):
        config_of(f'<Label value="car" {key}="{said}"/>')

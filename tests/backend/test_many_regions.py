"""What regions say of themselves: however many there are, and whether the config knows their label or not."""

import pytest

from semsam_annotate.api import BadInput, Vocabulary
from semsam_annotate.backend.label_studio.accepted import MAX_REGIONS, read_regions
from semsam_annotate.backend.label_studio.config import parse_config

CONTROLS = (
    '<PolygonLabels name="shape" toName="image"><Label value="car"/></PolygonLabels>'
    '<PolygonLabels name="parts" toName="image"><Label value="car:door"/></PolygonLabels>'
    '<Number name="level" toName="image" perRegion="true"/><Number name="score" toName="image" perRegion="true"/>'
    '<TextArea name="object_or_part" toName="image" perRegion="true"/>'
)
CONFIG = parse_config(f'<View><Image name="image" value="$image"/>{CONTROLS}</View>', Vocabulary([], ["tail"]))
SHAPE = (20, 30)


def polygon(id, label="car", control="shape", parent=None):
    value = {"points": [[10, 10], [90, 10], [90, 90]], "polygonlabels": [label]}
    item = {"id": id, "type": "polygonlabels", "from_name": control, "to_name": "image", "value": value}
    return item if parent is None else {**item, "parentID": parent}


def said(id, control, kind, value):
    return {"id": id, "from_name": control, "to_name": "image", "type": kind, "value": {kind: value}}


class Counting(list):
    """A list that knows how often somebody went through it."""

    times = 0

    def __iter__(self):
        self.times += 1
        return super().__iter__()


def result(many):
    shapes = [polygon(f"r{n}") for n in range(many)]
    levels = [said(f"r{n}", "level", "number", 1 + n % 6) for n in range(many)]
    return Counting(shapes + levels + [said(f"r{n}", "score", "number", n / many) for n in range(many)])


def test_a_result_is_gone_through_as_often_however_many_regions_it_has():
    few, more = result(3), result(30)
    for one in (few, more):
        read = read_regions(one, CONFIG, *SHAPE)
        assert [(region.id, region.level, region.score) for region in read] == [
            (f"r{n}", 1 + n % 6, n / len(read)) for n in range(len(read))
        ]
    assert few.times == more.times


def test_the_last_word_counts_and_one_control_may_say_two_things():
    told = [polygon("a"), said("a", "level", "number", 2), said("a", "level", "number", 5)]
    told += [polygon("b", "", "shape"), {**said("b", "object_or_part", "textarea", 0), "value": {"text": ["a\n dog"]}}]
    first, second = read_regions(told, CONFIG, *SHAPE)
    assert first.level == 5
    assert (second.is_part, second.object) == (False, "a dog")


def test_masks_of_one_annotation_are_bounded():
    with pytest.raises(BadInput, match=f"at most {MAX_REGIONS} masks"):
        read_regions([polygon(str(n)) for n in range(MAX_REGIONS + 1)], CONFIG, *SHAPE)


@pytest.mark.parametrize(
    ("label", "control", "kind", "object", "part"),
    [
        ("zebra", "shape", "object", "zebra", None),
        ("car:wheel", "shape", "part", "car", "wheel"),
        ("tail", "shape", "part", None, "tail"),
        ("hub", "parts", "part", None, "hub"),
        ("  a   horse ", "shape", "object", "a horse", None),
        ("Object", "shape", "object", None, None),
        (" ", "shape", "object", None, None),
    ],
)
def test_a_label_that_the_config_does_not_have_keeps_its_name(label, control, kind, object, part):
    (region,) = read_regions([polygon("r", label, control)], CONFIG, *SHAPE)
    assert ("part" if region.is_part else "object", region.object, region.part) == (kind, object, part)


def test_a_nameless_part_of_a_part_belongs_to_the_object_above():
    chain = [polygon("c", "hub", "parts", "b"), polygon("b", "tail", parent="a"), polygon("a", "car")]
    assert [(one.id, one.object, one.parent) for one in read_regions(chain, CONFIG, *SHAPE)] == [
        ("a", "car", None), ("b", "car", "a"), ("c", "car", "b"),
    ]  # fmt: skip

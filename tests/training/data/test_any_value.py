"""Whatever stands wherever in a JSON file: rows are cut right, readers answer or refuse in one line."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semsam_annotate.api import BadInput
from semsam_annotate.training.data.check import check
from semsam_annotate.training.data.readers import json_rows, open_data
from semsam_annotate.training.data.readers.json_rows import JsonRows

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(
    content=st.dictionaries(st.text(max_size=4), VALUES, max_size=4),
    ascii=st.booleans(),
    chunk=st.integers(1, 40),
    indent=st.sampled_from([None, 1]),
    bom=st.booleans(),
)
def test_rows_are_those_of_the_file_wherever_it_is_cut_into_chunks(tmp_path, content, ascii, chunk, indent, bom):
    path = tmp_path / "x.json"
    text = json.dumps(content, ensure_ascii=ascii, indent=indent).encode("utf-8", "surrogatepass")
    path.write_bytes(b"\xef\xbb\xbf" * bom + text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_rows, "CHUNK", chunk)
        rows = JsonRows(path)
        found = list(rows)
    wanted = []
    for key, value in content.items():
        wanted += [(key, item) for item in value] if isinstance(value, list) else [(key, value)]
    assert [(row.key, row.value) for row in found] == wanted
    data = path.read_bytes()
    assert [json.loads(data[row.offset : row.offset + row.length]) for row in found] == [value for _, value in wanted]
    assert rows.lists == {key for key, value in content.items() if isinstance(value, list)}


def places(value, path=()):
    """Every place in a JSON value, as keys and numbers."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, child in children for place in places(child, (*path, key)))]


@settings(max_examples=150)
@given(
    name=st.sampled_from(
        ["coco", "paco", "lvis", "objects365", "partimagenet", "vlpart", "panoptic", "sa1b", "labelme"]
    ),
    data=st.data(),
)
def test_any_value_anywhere_is_survived(layout, opened, name, data):
    path, text = opened(name, layout)
    content = json.loads(text)
    place = data.draw(st.sampled_from(places(content)[1:]))
    holder = content
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = data.draw(VALUES)
    file = path if path.is_file() else next(path.glob("*.json"))
    file.write_text(json.dumps(content))
    try:
        report = check(open_data(path))
    except BadInput as error:
        said = [str(error)]
    else:
        said = [found.line() for named in report.examples.values() for found in named]
    assert all("\n" not in line and "\x1b" not in line for line in said)


@pytest.fixture
def opened():
    """Writes a layout once; gives its path and the annotation's text."""
    known = {}

    def make(name, layout):
        if name not in known:
            path = layout(name)
            known[name] = path, (path if path.is_file() else next(path.glob("*.json"))).read_text()
        return known[name]

    return make

"""The page of an evaluation: tables and pictures in one HTML file that needs nothing but a browser."""

import base64
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import DictLoader, Environment, StrictUndefined

from semsam_annotate.annotations.files import write_atomically
from semsam_annotate.training.evaluation.pictures import Picture
from semsam_annotate.training.evaluation.tables import brief_tables, detail_tables

ABOUT = {
    "max": "IoU of the proposal with the best score",
    "oracle": "best IoU of the ladder",
    "all": "matched IoU over all granularities under the click",
    "all_multi": "the same where there are at least two",
    "ECE": "expected calibration error: mean distance of predicted and true IoU over ten bins, in points",
}


def write_page(figures: Mapping[str, Any], pictures: Mapping[str, Sequence[Picture]], path: Path) -> None:
    """Write the page of a ``report`` with the pictures of ``draw_pictures``, atomically."""
    write_atomically(path, render_page(figures, pictures).encode())


def render_page(figures: Mapping[str, Any], pictures: Mapping[str, Sequence[Picture]]) -> str:
    """The page as text. Names from files are escaped, and the page forbids itself scripts and the network."""
    source = resources.files("semsam_annotate.training.evaluation").joinpath("page.html").read_text(encoding="utf-8")
    brief, detail = brief_tables(dict(figures)), detail_tables(dict(figures))
    return rendered(source, figures=figures, brief=brief, detail=detail, pictures=pictures, about=ABOUT)


def rendered(template: str, **values: Any) -> str:
    """A page of ours from its template, which may import the macros of ``parts.html``; every text is escaped."""
    parts = resources.files("semsam_annotate.training.evaluation").joinpath("parts.html").read_text(encoding="utf-8")
    environment = Environment(
        loader=DictLoader({"parts.html": parts}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["data"], environment.filters["png"] = _data, _png
    return environment.from_string(template).render(values)


def _png(content: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(content).decode("ascii")


def _data(jpeg: bytes) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode("ascii")

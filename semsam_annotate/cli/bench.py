"""``semsam bench``: how long the engine takes on this machine, in milliseconds and in encodings of one image."""

import json as jsonlib
import time
from collections.abc import Callable
from statistics import median
from typing import Annotated, Any

import typer

from semsam_annotate.api import BadInput, Embedding, Engine, Prompt, RgbImage

CLICKS = 32
"""Asked together in one of the measurements."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(bench)


def bench(
    weights: Annotated[str, typer.Option(help="As for load_engine; http://… measures a server.")] = "default",
    repeats: Annotated[int, typer.Option(min=1, help="Rounds; the median counts.")] = 5,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
) -> None:
    """Time encoding, clicks and the search of a whole image on a photo that scikit-image bundles."""
    rgb = _photo()
    engine = _without_cache(weights, device)
    try:
        times = measure(engine, rgb, repeats)
        facts = {"engine": engine.info.to_json(), "image": f"{rgb.shape[1]}x{rgb.shape[0]}", "repeats": repeats}
    finally:
        engine.close()
    rows = {
        name: {"ms": round(1000 * seconds, 3), "encodes": round(seconds / times["encode"], 4)}
        for name, seconds in times.items()
    }
    typer.echo(jsonlib.dumps({**facts, "times": rows})) if json else _show(facts, rows)


def measure(engine: Engine, rgb: RgbImage, repeats: int) -> dict[str, float]:
    """Median seconds of each step; the first round warms up and does not count."""
    rounds = [_round(engine, rgb, number) for number in range(repeats + 1)][1:]
    return {name: median(times[name] for times in rounds) for name in rounds[0]}


def _round(engine: Engine, rgb: RgbImage, number: int) -> dict[str, float]:
    """One of each, on an image that no cache has seen."""
    image = rgb.copy()
    image[0, 0] = (number % 256, number // 256 % 256, 1)
    handles: list[Embedding] = []
    height, width = image.shape[:2]
    middle = Prompt([(width // 2, height // 3)])
    many = [Prompt([(width * (index + 0.5) / CLICKS, height / 2)]) for index in range(CLICKS)]
    steps: dict[str, Callable[[], Any]] = {
        "encode": lambda: handles.append(engine.encode(image)),
        "first click": lambda: engine.propose(handles[0], middle),
        "warm click": lambda: engine.propose(handles[0], middle),
        f"{CLICKS} clicks at once": lambda: engine.propose_many(handles[0], many),
        "auto": lambda: engine.auto(handles[0]),
    }
    return {name: _seconds(step) for name, step in steps.items()}


def _seconds(step: Callable[[], Any]) -> float:
    started = time.perf_counter()
    step()
    return time.perf_counter() - started


def _without_cache(weights: str, device: str) -> Engine:
    """The engine without its disk cache, which would answer instead of the encoder."""
    from semsam_annotate import load_engine

    if weights.startswith(("http://", "https://")):
        return load_engine(weights)
    try:
        from semsam_annotate.model.engine.local import EngineSettings
        from semsam_annotate.model.engine.opening import open_engine
    except ImportError as error:
        raise BadInput(
            f"a local engine needs the extra 'local' ({error}): pip install 'semsam-annotate[local]'"
        ) from error
    return open_engine(weights, device, EngineSettings())


def _photo() -> RgbImage:
    try:
        from skimage import data
    except ImportError as error:
        raise BadInput(f"bench needs the extra 'local' ({error}): pip install 'semsam-annotate[local]'") from error
    photo: RgbImage = data.astronaut()  # type: ignore[no-untyped-call]
    return photo


def _show(facts: dict[str, Any], rows: dict[str, dict[str, float]]) -> None:
    engine = facts["engine"]
    typer.echo(f"{engine['name']} {engine['version']} on {engine['device']}, image {facts['image']}")
    for name, row in rows.items():
        typer.echo(f"{name:<18} {row['ms']:>10.1f} ms {row['encodes']:>8.2f} encodes")

"""``semsam bench``: how long the engine takes on this machine, in milliseconds and in encodings of one image."""

import json as jsonlib
import os
import platform
import time
from collections.abc import Callable
from statistics import median
from typing import Annotated, Any

import typer

from semsam_annotate.api import BadInput, Embedding, Engine, Prompt, RgbImage

CLICKS = 32
"""Asked together in one of the measurements."""

Steps = dict[str, Callable[[], Any]]
Times = dict[str, list[float]]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(bench)


def bench(
    weights: Annotated[str, typer.Option(help="As for load_engine; http://… measures a server.")] = "default",
    repeats: Annotated[int, typer.Option(min=1, help="Rounds; the median counts.")] = 5,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    precision: Annotated[str, typer.Option(help="fp32, or bf16: faster with AMX, AVX512-BF16, a GPU.")] = "fp32",
    compare: Annotated[
        bool, typer.Option(help="Also SAM ViT-B and SAM 2.1 tiny (pip install segment-anything sam2), random weights.")
    ] = False,
) -> None:
    """Time encoding, clicks and the search of a whole image on a photo that scikit-image bundles."""
    rgb = _photo()
    engine = _without_cache(weights, device, precision)
    try:
        tables = {"ours": measure(lambda number: _steps(engine, _unseen(rgb, number)), repeats)}
        facts: dict[str, Any] = {"engine": engine.info.to_json(), "precision": precision, "repeats": repeats}
        facts["image"] = f"{rgb.shape[1]}x{rgb.shape[0]}"
    finally:
        engine.close()
    if compare:
        tables |= _others(rgb, repeats, facts["engine"]["device"])
    encode = median(tables["ours"]["encode"])
    rows = {who: {name: _row(times, encode) for name, times in table.items()} for who, table in tables.items()}
    facts |= {"machine": _machine(), "times": rows.pop("ours"), "others": rows}
    typer.echo(jsonlib.dumps(facts)) if json else _show(facts)


def measure(steps: Callable[[int], Steps], repeats: int) -> Times:
    """Seconds of each step in each round; the first round warms up and does not count."""
    rounds = [{name: _seconds(step) for name, step in steps(number).items()} for number in range(repeats + 1)][1:]
    return {name: [times[name] for times in rounds] for name in rounds[0]}


def _steps(engine: Engine, image: RgbImage) -> Steps:
    """One of each, on an image that no cache has seen."""
    handles: list[Embedding] = []
    height, width = image.shape[:2]
    middle = Prompt([(width // 2, height // 3)])
    many = [Prompt([(width * (index + 0.5) / CLICKS, height / 2)]) for index in range(CLICKS)]
    return {
        "encode": lambda: handles.append(engine.encode(image)),
        "first click": lambda: engine.propose(handles[0], middle),
        "warm click": lambda: engine.propose(handles[0], middle),
        f"{CLICKS} clicks at once": lambda: engine.propose_many(handles[0], many),
        "auto": lambda: engine.auto(handles[0]),
    }


def _others(rgb: RgbImage, repeats: int, device: str) -> dict[str, Times]:
    """Times of other networks that are installed; says which are not."""
    from semsam_annotate.cli import rivals

    if rivals.missing():
        typer.echo(f"not compared, not installed: pip install {' '.join(rivals.missing())}", err=True)
    found = {}
    for name, make in rivals.installed().items():
        predictor = make(device)
        found[name] = measure(lambda number, it=predictor: rivals.steps(it, _unseen(rgb, number)), repeats)  # type: ignore[misc]
    return found


def _unseen(rgb: RgbImage, number: int) -> RgbImage:
    image = rgb.copy()
    image[0, 0] = (number % 256, number // 256 % 256, 1)
    return image


def _seconds(step: Callable[[], Any]) -> float:
    started = time.perf_counter()
    step()
    return time.perf_counter() - started


def _row(times: list[float], encode: float) -> dict[str, float]:
    """Median, fastest and slowest in milliseconds, and the median in encodings of ours."""
    middle = median(times)
    fastest, slowest = (round(1000 * value, 3) for value in (min(times), max(times)))
    return {"ms": round(1000 * middle, 3), "fastest": fastest, "slowest": slowest, "encodes": round(middle / encode, 4)}


def _machine() -> dict[str, Any]:
    """What the times depend on."""
    from semsam_annotate.version import __version__

    facts: dict[str, Any] = {"system": platform.platform(), "processor": platform.processor() or platform.machine()}
    facts |= {"cores": os.cpu_count(), "python": platform.python_version(), "semsam": __version__}
    if hasattr(os, "getloadavg"):
        facts["load"] = round(os.getloadavg()[0], 2)
    try:
        import torch
    except ImportError:  # a server does the work
        return facts
    return facts | {"torch": torch.__version__, "threads": torch.get_num_threads()}


def _without_cache(weights: str, device: str, precision: str) -> Engine:
    """The engine without its disk cache, which would answer instead of the encoder."""
    from semsam_annotate import load_engine

    if weights.startswith(("http://", "https://")):
        return load_engine(weights)
    try:
        from semsam_annotate.model.engine.opening import open_engine
        from semsam_annotate.model.engine.settings import EngineSettings
    except ImportError as error:
        raise BadInput(
            f"a local engine needs the extra 'local' ({error}): pip install 'semsam-annotate[local]'"
        ) from error
    return open_engine(weights, device, EngineSettings(), precision)


def _photo() -> RgbImage:
    try:
        from skimage import data
    except ImportError as error:
        raise BadInput(f"bench needs the extra 'local' ({error}): pip install 'semsam-annotate[local]'") from error
    photo: RgbImage = data.astronaut()  # type: ignore[no-untyped-call]
    return photo


def _show(facts: dict[str, Any]) -> None:
    engine, machine = facts["engine"], facts["machine"]
    typer.echo(", ".join(f"{name} {value}" for name, value in machine.items()))
    typer.echo(f"{engine['name']} {engine['version']} on {engine['device']}, image {facts['image']}")
    for who, table in {engine["name"]: facts["times"], **facts["others"]}.items():
        for name, row in table.items():
            spread = f"{row['fastest']:.1f} to {row['slowest']:.1f}"
            typer.echo(f"{who:<14}{name:<20}{row['ms']:>10.1f} ms {spread:>20} {row['encodes']:>8.2f} encodes")

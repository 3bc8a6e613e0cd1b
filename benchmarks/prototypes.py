"""How soon does the prototype memory know names that the model was never trained on? Parts of cars.

    python benchmarks/prototypes.py --data FOLDER [--out benchmarks/results/prototypes.json] [--vectors FILE.npz]

FOLDER holds ``train.json`` and ``val.json`` (COCO, categories "car" and "car/PART") with their ``images``. Examples are
masks of ``train.json`` as an annotator would have accepted them; queries are ``val.json``'s masks, each by the best of
the six proposals for a click on its innermost pixel. The examples are drawn five times; intervals are the 2.5 and 97.5
percentiles of 2,000 bootstrap draws of photos and of draws. Settings were chosen on photos of ``train.json`` alone.
Query times are those of one thread on this machine.
"""

import argparse
import json
import platform
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from semsam_annotate.annotations import read_image
from semsam_annotate.api import Prompt
from semsam_annotate.model.engine.labels import blend, text_probabilities
from semsam_annotate.model.engine.loaded import LoadedModel
from semsam_annotate.model.engine.mask_vectors import VectorMaker, to_grid, vectors_version
from semsam_annotate.model.engine.opening import packaged_weights
from semsam_annotate.model.engine.preprocessing import Frame, to_input
from semsam_annotate.model.engine.prompting import to_batch
from semsam_annotate.model.innermost import innermost
from semsam_annotate.model.prototypes import MaskVectors, Prototype, PrototypeMemory, gather_votes
from semsam_annotate.training.evaluation.sample import SampleImage, read_sample

COUNTS, SEEDS, DRAWS = (0, 1, 5, 10, 20), 5, 2000


@dataclass(frozen=True)
class Examples:
    """Part masks: vectors (M, D + PLACE), the text's probabilities (M, names), part names, photo of each."""

    vectors: NDArray[np.float32]
    text: NDArray[np.float64]
    parts: list[str]
    photos: list[str]


@torch.inference_mode()
def of_photo(model: LoadedModel, image: SampleImage, names: tuple[str, ...], accepted: bool) -> tuple[Any, ...]:
    rgb, config = read_image(image.path), model.card.config
    frame = Frame.of(image.height, image.width, config.input)
    memory = model.network.encode(to_input(rgb, frame).to(model.device))
    maker = VectorMaker(model, frame, memory)
    truths = [truth for truth in image.truths if truth.part is not None]
    masks = [truth.mask() for truth in truths]

    def decode(prompts: list[Prompt]) -> Any:
        return model.network.mask_decoder(memory, to_batch(prompts, frame, config).to(model.device))[-1]

    answer = decode([Prompt(points=[innermost(mask)]) for mask in masks])
    wanted = torch.stack([to_grid(mask, frame) for mask in masks])[:, None] > 0.5
    proposed = answer.masks[0] > 0
    best = ((proposed & wanted).sum((2, 3)) / (proposed | wanted).sum((2, 3)).clamp(min=1)).argmax(1)
    rows = torch.arange(len(masks)), best
    shares = text_probabilities(model, answer.state[0][rows], names, part=True)
    vectors = maker.of_masks(masks, decode) if accepted else maker.of_proposals(answer, rows, proposed[rows])
    text = np.array([[share.get(name, 0.0) for name in names] for share in shares])
    return vectors.values, text, [str(truth.part) for truth in truths], [image.name] * len(truths)


def gather(model: LoadedModel, images: list[SampleImage], names: tuple[str, ...], accepted: bool) -> Examples:
    rows = [of_photo(model, image, names, accepted) for image in images]
    parts = [part for row in rows for part in row[2]]
    photos = [photo for row in rows for photo in row[3]]
    return Examples(np.concatenate([row[0] for row in rows]), np.concatenate([row[1] for row in rows]), parts, photos)


def cars(data: Path, split: str) -> list[SampleImage]:
    images = read_sample(data / f"{split}.json", data).images
    return [image for image in images if any(truth.object == "car" and truth.part for truth in image.truths)]


def probabilities(
    train: Examples, val: Examples, names: tuple[str, ...], count: int, seed: int, version: str
) -> NDArray[np.float64]:
    """(queries, names) after ``count`` examples a name."""
    order = np.random.default_rng(seed).permutation(len(train.parts))
    drawn = [row for name in names for row in [row for row in order if train.parts[row] == name][:count]]
    memory = PrototypeMemory(version, train.vectors.shape[1])
    named = [Prototype(str(row), "car", train.parts[row]) for row in drawn]
    memory.put(named, MaskVectors(train.vectors[drawn], version))
    votes = gather_votes(memory, MaskVectors(val.vectors, version))
    text = [dict(zip(names, row, strict=True)) for row in val.text]
    return np.array([list(blend(*pair, names).values()) for pair in zip(text, [v.parts for v in votes], strict=True)])


def hits(found: NDArray[np.float64], truth: list[int], most: int) -> NDArray[np.float64]:
    """(queries,) 1 where the true name is among the ``most`` likeliest."""
    best = np.argsort(-found, axis=1, kind="stable")[:, :most]
    return (best == np.array(truth)[:, None]).any(1).astype(np.float64)


def interval(values: NDArray[np.float64], photos: list[str]) -> list[float]:
    """Bootstrap of (seeds, queries) over photos and seeds: mean, lower, upper, in percent."""
    names = sorted(set(photos))
    member = np.array([[photo == name for name in names] for photo in photos], np.float64)
    sums, sizes = values @ member, member.sum(0)
    rng = np.random.default_rng(0)
    means = []
    for _ in range(DRAWS):
        drawn, seeds = rng.integers(0, len(names), len(names)), rng.integers(0, len(values), len(values))
        means.append(sums[seeds][:, drawn].sum() / sizes[drawn].sum() / len(values))
    return [round(float(100 * value), 1) for value in (values.mean(), *np.percentile(means, [2.5, 97.5]))]


def query_times(train: Examples, version: str, sizes: tuple[int, ...] = (1_000, 10_000, 100_000)) -> dict[str, Any]:
    """Milliseconds of one question in memories of noisy copies: median and 90th percentile of 50."""
    rng, out = np.random.default_rng(0), {}
    for size in sizes:
        rows = rng.integers(0, len(train.parts), size)
        memory = PrototypeMemory(version, train.vectors.shape[1])
        for start in range(0, size, 10_000):
            some = rows[start : start + 10_000]
            noisy = train.vectors[some] + 0.02 * rng.standard_normal((len(some), train.vectors.shape[1]), np.float32)
            named = [Prototype(f"{start + at}", "car", train.parts[row]) for at, row in enumerate(some)]
            memory.put(named, MaskVectors(noisy, version))
        memory.settle()
        out[str(size)] = {
            f"{masks}_masks": _timed(memory, MaskVectors(train.vectors[:masks], version)) for masks in (1, 6)
        }
    return out


def _timed(memory: PrototypeMemory, vectors: MaskVectors) -> dict[str, float]:
    def once() -> float:
        began = time.perf_counter()
        gather_votes(memory, vectors)
        return 1000 * (time.perf_counter() - began)

    once()
    times = [once() for _ in range(50)]
    return {"median_ms": round(float(np.median(times)), 2), "p90_ms": round(float(np.percentile(times, 90)), 2)}


def measured(data: Path, vectors: Path | None) -> tuple[Examples, Examples, tuple[str, ...], str]:
    """Vectors of both files; kept in ``vectors`` for another run of the same model."""
    model = LoadedModel.read(packaged_weights(), "auto")
    train, val = cars(data, "train"), cars(data, "val")
    names = tuple(sorted({str(truth.part) for image in train for truth in image.truths if truth.part}))
    version = vectors_version(model)
    if vectors is not None and vectors.exists():
        with np.load(vectors) as kept:
            if str(kept["version"]) == version:
                sets = [
                    Examples(*[kept[f"{which}{i}"] if i < 2 else kept[f"{which}{i}"].tolist() for i in range(4)])
                    for which in "tv"
                ]
                return sets[0], sets[1], names, version
    sets = [gather(model, train, names, accepted=True), gather(model, val, names, accepted=False)]
    if vectors is not None:
        columns = {
            f"{which}{i}": np.asarray(column)
            for which, found in zip("tv", sets, strict=True)
            for i, column in enumerate((found.vectors, found.text, found.parts, found.photos))
        }
        np.savez(vectors, version=np.array(version), **columns)
    return sets[0], sets[1], names, version


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/prototypes.json"))
    parser.add_argument("--vectors", type=Path, help="keep the vectors here between runs")
    options = parser.parse_args()
    torch.set_num_threads(1)
    train, val, names, version = measured(options.data, options.vectors)
    truth = [names.index(part) for part in val.parts]
    table: dict[str, Any] = {}
    for count in COUNTS:
        found = [val.text] if not count else [probabilities(train, val, names, count, s, version) for s in range(SEEDS)]
        table[str(count)] = {
            f"top{most}": interval(np.stack([hits(one, truth, most) for one in found]), val.photos) for most in (1, 5)
        }
        print(count, table[str(count)], flush=True)
    report = {
        "version": version,
        "names": len(names),
        "examples": len(train.parts),
        "queries": len(val.parts),
        "photos": len(set(val.photos)),
        "seeds": SEEDS,
        "interval": "mean, 2.5 and 97.5 percentile of 2,000 bootstrap draws over photos and seeds, percent",
        "examples_per_name": table,
        "query_ms": query_times(train, version),
        "machine": {"processor": platform.machine(), "threads": 1, "python": platform.python_version()},
    }
    options.out.write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps(report["query_ms"], indent=1))


if __name__ == "__main__":
    main()

"""Our speed beside a straightforward Semantic-SAM (``benchmarks/reference``), as ratios within one run.

    python benchmarks/speed.py [--threads 2] [--rounds 7] [--only click,encode,…] [--out FILE]

Both sides run in turn, on one network with regenerated weights. Wall and processor time are kept: on a machine that is
busy with other work, run with one thread and read the processor time. A bar in milliseconds is for two idle cores.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from reference.engine import Reference
from reference.image import pixel_decoder, swin
from subject import ROOT, WORDS, photo, published_engine
from timing import in_children, in_turn, machine, peak_megabytes

from semsam_annotate.api import Prompt
from semsam_annotate.model.engine.cache import DiskCache, on_device
from semsam_annotate.model.engine.opening import open_engine
from semsam_annotate.model.engine.settings import EngineSettings

CLICK = (500, 300)
Step = Callable[[], Any]


class Speed:
    """One table; each method adds rows."""

    def __init__(self, rounds: int) -> None:
        self.rounds, self.rows = rounds, []
        self.engine = published_engine()
        self.network = self.engine._current().network
        self.reference = Reference(self.network)

    def compare(
        self, work: str, ours: Step, theirs: Step, bar: Any, rounds: int | None = None, most_ms: float | None = None
    ) -> float:
        """A row of two sides, met when the ratio of processor times reaches the bar and ours needs at most so long."""
        times = in_turn({"ours": ours, "reference": theirs}, rounds or self.rounds)
        ratio = times["reference"]["cpu_ms"] / times["ours"]["cpu_ms"]
        met = ratio >= bar and (most_ms is None or times["ours"]["ms"] <= most_ms)
        text = f">= {bar}x" + ("" if most_ms is None else f", <= {most_ms} ms")
        self.add(work, {**times, "ratio": round(ratio, 2)}, text, met)
        return ratio

    def alone(self, work: str, ours: Step, most_ms: float | None) -> None:
        """A row of one side."""
        times = in_turn({"ours": ours}, self.rounds)
        self.add(work, times, f"<= {most_ms} ms", times["ours"]["ms"] <= most_ms)

    def add(self, work: str, found: dict[str, Any], bar: Any, met: bool) -> None:
        self.rows.append({"work": work, **found, "bar": bar, "met": bool(met)})
        print(json.dumps(self.rows[-1]), flush=True)

    @torch.inference_mode()
    def encode(self) -> None:
        """From normalised pixels to features, 640 x 640."""
        pixels = self.network.normalise(torch.from_numpy(photo(640, 640).copy()).permute(2, 0, 1)[None])

        def ours() -> Any:
            return self.network.pixel_decoder(self.network.image_encoder(pixels))

        def theirs() -> Any:
            return pixel_decoder(self.network.pixel_decoder, swin(self.network.image_encoder, pixels))

        apart = (ours().mask_features - theirs()[0]).abs().max().item()
        assert apart < 1e-3, apart
        self.compare("encode Swin-T 640x640, fp32", ours, theirs, 1.5, min(self.rounds, 3))

    def click(self) -> None:
        """Six masks at 1024 x 768 with labels over 50 words, cleaned."""
        rgb = photo(1024, 768)
        handle, encoded = self.engine.encode(rgb), self.reference.encode(rgb)
        names, prompt = self.engine._current().text(WORDS.objects), Prompt([CLICK])
        with torch.inference_mode():
            names = names.clone()
        self.compare(
            "warm click Swin-T, 1024x768, 50 words",
            lambda: self.engine.propose(handle, prompt, WORDS),
            lambda: self.reference.click(encoded, *CLICK, names),
            5,
            most_ms=25,
        )
        wanted = self.reference.click(encoded, *CLICK, names)
        found = [rung.mask for rung in self.engine.propose(handle, prompt, WORDS)]
        self.rows[-1]["pixels_equal"] = round(
            min(max(float((mask == ours).mean()) for ours in found) for mask, _, _ in wanted), 6
        )

    def tiny(self) -> None:
        """The packaged model."""
        engine = open_engine("default", "cpu", EngineSettings())
        for size, bar in (((512, 512), 12), ((1024, 768), 20)):
            handle = engine.encode(photo(*size))
            prompt = Prompt([(size[0] // 2, size[1] // 3)])
            self.alone(
                f"warm click semsam-tiny, {size[0]}x{size[1]}",
                lambda h=handle, p=prompt: engine.propose(h, p, WORDS),
                bar,
            )
        large = photo(4000, 3000)
        handle = engine.encode(large)

        def encode() -> None:
            engine.release(handle)
            engine.encode(large)

        self.alone("encode semsam-tiny, 4000x3000, array to handle", encode, 500)

    def many(self) -> None:
        """64 clicks at once beside one by one, ours both times."""
        rgb = photo(1024, 768)
        handle = self.engine.encode(rgb)
        prompts = [Prompt([((n % 8 + 0.5) * 128, (n // 8 + 0.5) * 96)]) for n in range(64)]
        with torch.inference_mode():
            image = self.engine._memory.get(handle.key)
            self.compare(
                "64 clicks at once: decoder, beside one by one",
                lambda: self.engine._decode(image, prompts),
                lambda: [self.engine._decode(image, [prompt]) for prompt in prompts],
                4,
                1,
            )
        self.compare(
            "64 clicks at once: end to end, beside one by one",
            lambda: self.engine.propose_many(handle, prompts, WORDS),
            lambda: [self.engine.propose(handle, prompt, WORDS) for prompt in prompts],
            1.5,
            1,
        )

    def auto(self) -> None:
        """A grid of 16 x 16 clicks on an encoded 640 x 640 image."""
        rgb = photo(640, 640)
        handle = self.engine.encode(rgb)
        before = peak_megabytes()
        self.engine.auto(handle)
        peak = peak_megabytes()
        self.add(
            "automatic 16x16: memory of the process", {"mb": peak, "before_mb": before}, "<= 1536 MB", peak <= 1536
        )
        encoded = self.reference.encode(rgb)
        self.compare(
            "automatic 16x16 after encoding, 640x640",
            lambda: self.engine.auto(handle),
            lambda: self.reference.auto(encoded),
            4,
            1,
        )

    def embedding(self) -> None:
        """Bytes of one embedding of 640 x 640."""
        rgb = photo(640, 640)
        handle = self.engine.encode(rgb)
        memory = self.engine._memory.get(handle.key).bytes / 1e6
        with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
            pixels = torch.from_numpy(rgb.copy()).permute(2, 0, 1)[None]
            DiskCache(Path(folder), 1 << 30).put(
                "0" * 40, on_device(self.network.features(pixels), torch.device("cpu"))
            )
            disk = next(Path(folder).iterdir()).stat().st_size / 1e6
        self.add("embedding on disk, Swin-T 640x640, fp16", {"mb": round(disk, 2)}, "<= 18 MB", disk <= 18)
        self.add("embedding in RAM, Swin-T 640x640, fp16", {"mb": round(memory, 2)}, "<= 60 MB", memory <= 60)

    def start(self) -> None:
        """Seconds of fresh processes."""
        first = (
            "import numpy as np, semsam_annotate as s; e = s.load_engine('default'); "
            "e.propose(e.encode(np.zeros((512, 512, 3), np.uint8)), s.Prompt([(9, 9)]))"
        )
        program = str(Path(sys.executable).with_name("semsam"))
        for work, command, bar in (
            ("python -c pass", [sys.executable, "-c", "pass"], None),
            ("import semsam_annotate", [sys.executable, "-c", "import semsam_annotate"], 250),
            ("semsam --help", [program, "--help"], 500),
            ("first click from a cold start, semsam-tiny", [sys.executable, "-c", first], 4000),
        ):
            found = in_children(command, self.rounds)
            self.add(work, {"ours": found}, "" if bar is None else f"<= {bar} ms", bar is None or found["ms"] <= bar)


def main() -> None:
    steps = ("embedding", "click", "encode", "tiny", "many", "auto", "start")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", default=",".join(steps))
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks/results/speed.json")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    speed, facts = Speed(given.rounds), machine()
    for step in given.only.split(","):
        getattr(speed, step)()
        given.out.write_text(
            json.dumps({"machine": facts, "rounds": given.rounds, "rows": speed.rows}, indent=1) + "\n"
        )
    show(speed.rows)


def show(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        ours, theirs = (row.get(side, {}).get("cpu_ms") for side in ("ours", "reference"))
        cells = [
            f"{value:.1f}" if value is not None else "" for value in (ours, theirs, row.get("ratio"), row.get("mb"))
        ]
        print(
            f"{row['work']:<52} {cells[0]:>9} {cells[1]:>9} {cells[2]:>6} {cells[3]:>7} {row['bar']:<18} {row['met']}"
        )


if __name__ == "__main__":
    main()

"""A pack: photos and masks, shrunk once, in one file that trains fast and travels (a zip of JPEG and JSON).

Inside: ``index.json`` (format, longest side, one row an image), then per image ``N.jpg`` and ``N.json`` (run-length
masks and names). Nothing is pickled; every member has a checksum; the same entries give the same bytes.
"""

import argparse
import hashlib
import io
import json
import os
import sys
import zipfile
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from semsam_annotate.api import BadInput
from semsam_annotate.training.command import run
from semsam_annotate.training.data.encoding import to_jpeg, to_json
from semsam_annotate.training.data.entry import ImageEntry
from semsam_annotate.training.data.image_names import ImageNames
from semsam_annotate.training.data.packed_masks import masks_from_json, masks_to_json
from semsam_annotate.training.data.problem import SAME_IMAGE
from semsam_annotate.training.data.readers import DataSet, open_data
from semsam_annotate.training.data.record import MaskNames, Named, TrainingImage
from semsam_annotate.training.data.synonyms import read_synonyms

FORMAT = "semsam-pack"
VERSION = 2
"""Version 1 knows no boxes and no exhaustive names; a pack without any is still written as one."""


def write_pack(entries: Iterable[ImageEntry], path: Path, max_side: int = 384, quality: int = 86) -> None:
    """Write the images, longer side at most ``max_side`` pixels, as JPEG of ``quality``; all or nothing.

    Raises BadInput when an image is missing or does not fit its annotation.
    """
    partial = Path(path).with_name(f"{Path(path).name}.{os.getpid()}.part")
    rows: list[dict[str, Any]] = []
    known: dict[frozenset[str], int] = {}
    version = 1
    try:
        with zipfile.ZipFile(partial, "w") as archive:
            for entry in entries:
                sample = entry.load(max_side) if len(entry) else None
                if sample is None or not len(sample):
                    continue
                name = f"{len(rows):06d}"
                _store(archive, f"{name}.jpg", to_jpeg(sample.image, quality), zipfile.ZIP_STORED)
                _store(archive, f"{name}.json", to_json(masks_to_json(sample)))
                row = {"source": entry.source, "license": entry.license_class, "masks": len(sample)}
                if sample.exhaustive:
                    row["exhaustive"] = known.setdefault(sample.exhaustive, len(known))
                version = VERSION if sample.exhaustive or sample.box_only.any() else version
                rows.append(row)
            header = {"format": FORMAT, "version": version, "max_side": max_side, "images": rows}
            lists = {"exhaustive": [sorted(names) for names in known]} if known else {}
            _store(archive, "index.json", to_json(header | lists))
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


class Pack:
    """A pack opened for reading; safe to use after a fork and in several worker processes."""

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self._opened: tuple[int, zipfile.ZipFile] | None = None
        header = self._header()
        self.max_side = int(header["max_side"])
        self._rows: list[dict[str, Any]] = header["images"]
        self._exhaustive = [frozenset(names) for names in header.get("exhaustive", ())]

    def __len__(self) -> int:
        return len(self._rows)

    def __reduce__(self) -> tuple[type["Pack"], tuple[Path]]:
        return Pack, (self.path,)

    def load(self, index: int) -> TrainingImage:
        """Decode the image ``index`` and its masks."""
        self._check(index)
        photo = Image.open(io.BytesIO(self._read(f"{index:06d}.jpg"))).convert("RGB")
        exhaustive = self._rows[index].get("exhaustive")
        names = frozenset() if exhaustive is None else self._exhaustive[exhaustive]
        return masks_from_json(np.asarray(photo), json.loads(self._read(f"{index:06d}.json")), names)

    def source(self, index: int) -> str:
        """Name of the data set that the image came from."""
        self._check(index)
        return str(self._rows[index]["source"])

    def names(self, index: int) -> Named:
        """Names of the image's masks, without decoding them."""
        self._check(index)
        row = json.loads(self._read(f"{index:06d}.json"))
        return MaskNames(tuple(row["objects"]), tuple(row["parts"]))

    def license_class(self, index: int) -> str:
        """The licence class that the source states."""
        self._check(index)
        return str(self._rows[index]["license"])

    def mask_count(self, index: int) -> int:
        """Number of masks of the image, without decoding it."""
        self._check(index)
        return int(self._rows[index]["masks"])

    def sha256(self) -> str:
        """Digest of the contents: every member's name and bytes in order, whatever the compression."""
        digest = hashlib.sha256()
        for name in sorted(self._archive().namelist()):
            digest.update(name.encode() + b"\0" + hashlib.sha256(self._read(name)).digest())
        return digest.hexdigest()

    def _check(self, index: int) -> None:
        if not 0 <= index < len(self._rows):
            raise IndexError(f"the pack {self.path} has {len(self._rows)} images, there is no number {index}")

    def _header(self) -> dict[str, Any]:
        header = json.loads(self._read("index.json"))
        if header.get("format") != FORMAT or header.get("version") not in (1, VERSION):
            raise BadInput(f"{self.path} is no pack of version 1 or {VERSION}; write it again with this program")
        return dict(header)

    def _read(self, member: str) -> bytes:
        try:
            return self._archive().read(member)
        except (KeyError, ValueError, zipfile.BadZipFile) as error:
            raise BadInput(f"the pack {self.path} is damaged or something else: {error}") from error

    def _archive(self) -> zipfile.ZipFile:
        # A forked worker must not share the parent's file position.
        if self._opened is None or self._opened[0] != os.getpid():
            self._opened = (os.getpid(), zipfile.ZipFile(self.path))
        return self._opened[1]


def _store(archive: zipfile.ZipFile, name: str, content: bytes, how: int = zipfile.ZIP_DEFLATED) -> None:
    # A fixed date: the same data give the same file.
    archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content, compress_type=how)


def main() -> None:
    """``python -m semsam_annotate.training.data.pack --out FILE [--max-side 384] [--licenses A,B] DATA[:IMAGES] …``."""
    parser = argparse.ArgumentParser(prog="pack", description="Write data sets of any known layout as one pack.")
    parser.add_argument("--out", type=Path, required=True, help="the pack to write")
    parser.add_argument("--max-side", type=int, default=384, help="longer side of an image in pixels")
    parser.add_argument("--quality", type=int, default=86, help="JPEG quality")
    parser.add_argument("--licenses", default="redistributable", help="licence classes to keep, by comma; all: any")
    parser.add_argument("--synonyms", type=Path, help="a table to lay over the packaged one (TOML)")
    told = "COCO files: every instance of the categories is annotated"
    parser.add_argument("--exhaustive", action="store_true", default=None, help=told)
    parser.add_argument("sets", nargs="+", metavar="DATA[:IMAGES]", help="annotations, and the folder of their images")
    options = parser.parse_args()
    kept = None if options.licenses == "all" else options.licenses.split(",")
    synonyms = read_synonyms(options.synonyms)
    opened = [open_data(*_places(given), synonyms=synonyms, exhaustive=options.exhaustive) for given in options.sets]
    write_pack(_kept(opened, kept), options.out, options.max_side, options.quality)
    print(describe(Pack(options.out)))


def _places(given: str) -> tuple[Path, Path | None]:
    """Annotations and folder of images of ``DATA`` or ``DATA:IMAGES``."""
    data, colon, images = given.rpartition(":")
    return (Path(given), None) if not colon or Path(given).exists() else (Path(data), Path(images))


def _kept(opened: Iterable[DataSet], licenses: Collection[str] | None) -> Iterator[ImageEntry]:
    """The images whose licence is among these (None: all); a line on standard error where something was left out."""
    for data in opened:
        found, names = Counter(problem.kind for problem in data.problems), ImageNames()
        for entry in data:
            if licenses is not None and entry.license_class not in licenses:
                continue
            found.update(problem.kind for problem in entry.problems)
            if names.other(entry) is None:
                yield entry
            else:
                found[SAME_IMAGE] += 1
        if found:
            told = "; ".join(f"{kind}: {count}" for kind, count in sorted(found.items()))
            print(f"{data.format}: {told} (semsam data check tells where)", file=sys.stderr)


def describe(pack: Pack) -> str:
    """One line a source: images and masks; then the file's size and digest."""
    images = Counter(pack.source(index) for index in range(len(pack)))
    masks: Counter[str] = Counter()
    for index in range(len(pack)):
        masks[pack.source(index)] += pack.mask_count(index)
    lines = [f"{source}: {count} images, {masks[source]} masks" for source, count in sorted(images.items())]
    size = pack.path.stat().st_size / 2**20
    return "\n".join([*lines, f"{len(pack)} images, {masks.total()} masks, {size:.1f} MiB, sha256 {pack.sha256()}"])


if __name__ == "__main__":
    run(main)

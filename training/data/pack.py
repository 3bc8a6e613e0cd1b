"""A pack: photos and masks, shrunk once, in one file that trains fast and travels (a zip of JPEG and JSON).

Inside: ``index.json`` (format, longest side, one row an image), then per image ``N.jpg`` and ``N.json`` (run-length
masks and names). Nothing is pickled; every member has a checksum; the same entries give the same bytes.
"""

import argparse
import hashlib
import io
import json
import os
import zipfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from pycocotools import mask as coco_mask

from semsam_annotate.api import BadInput
from semsam_annotate.training.data.coco import ImageEntry, decode_segments, read_coco
from semsam_annotate.training.data.record import TrainingImage

FORMAT = "semsam-pack"
VERSION = 1


def write_pack(entries: Sequence[ImageEntry], path: Path, max_side: int = 384, quality: int = 86) -> None:
    """Write the images, longer side at most ``max_side`` pixels, as JPEG of ``quality``; all or nothing.

    Raises BadInput when an image is missing or does not fit its annotation.
    """
    partial = Path(path).with_name(f"{Path(path).name}.{os.getpid()}.part")
    rows: list[dict[str, Any]] = []
    try:
        with zipfile.ZipFile(partial, "w") as archive:
            for entry in entries:
                sample = entry.load(max_side)
                if not len(sample):
                    continue
                name = f"{len(rows):06d}"
                _store(archive, f"{name}.jpg", _jpeg(sample, quality), zipfile.ZIP_STORED)
                _store(archive, f"{name}.json", _dump(_masks_to_json(sample)))
                rows.append({"source": entry.source, "license": entry.license_class, "masks": len(sample)})
            header = {"format": FORMAT, "version": VERSION, "max_side": max_side, "images": rows}
            _store(archive, "index.json", _dump(header))
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

    def __len__(self) -> int:
        return len(self._rows)

    def __reduce__(self) -> tuple[type["Pack"], tuple[Path]]:
        return Pack, (self.path,)

    def load(self, index: int) -> TrainingImage:
        """Decode the image ``index`` and its masks."""
        self._check(index)
        photo = Image.open(io.BytesIO(self._read(f"{index:06d}.jpg"))).convert("RGB")
        return _masks_from_json(np.asarray(photo), json.loads(self._read(f"{index:06d}.json")))

    def source(self, index: int) -> str:
        """Name of the data set that the image came from."""
        self._check(index)
        return str(self._rows[index]["source"])

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
        if header.get("format") != FORMAT or header.get("version") != VERSION:
            raise BadInput(f"{self.path} is not a pack of version {VERSION}; write it again with this program")
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


def _masks_to_json(sample: TrainingImage) -> dict[str, Any]:
    segments = coco_mask.encode(np.asfortranarray(sample.masks.transpose(1, 2, 0).view(np.uint8)))
    return {
        "size": list(sample.masks.shape[1:]),
        "counts": [segment["counts"].decode("ascii") for segment in segments],
        "kinds": sample.kinds.tolist(),
        "objects": list(sample.objects),
        "parts": list(sample.parts),
        "parents": sample.parents.tolist(),
    }


def _masks_from_json(image: np.ndarray[Any, np.dtype[np.uint8]], row: dict[str, Any]) -> TrainingImage:
    height, width = row["size"]
    segments = [{"size": [height, width], "counts": counts.encode("ascii")} for counts in row["counts"]]
    return TrainingImage(
        image=image,
        masks=decode_segments(segments, height, width),
        kinds=np.array(row["kinds"], np.int8),
        objects=tuple(row["objects"]),
        parts=tuple(row["parts"]),
        parents=np.array(row["parents"], np.int64),
    )


def _jpeg(sample: TrainingImage, quality: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(sample.image).save(buffer, "JPEG", quality=quality, optimize=True)
    return buffer.getvalue()


def _dump(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def _store(archive: zipfile.ZipFile, name: str, content: bytes, how: int = zipfile.ZIP_DEFLATED) -> None:
    # A fixed date: the same data give the same file.
    archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content, compress_type=how)


def main() -> None:
    """``python -m semsam_annotate.training.data.pack --out FILE [--max-side 384] [--licenses A,B] JSON:IMAGES …``."""
    parser = argparse.ArgumentParser(prog="pack", description="Write COCO files and their images as one training pack.")
    parser.add_argument("--out", type=Path, required=True, help="the pack to write")
    parser.add_argument("--max-side", type=int, default=384, help="longer side of an image in pixels")
    parser.add_argument("--quality", type=int, default=86, help="JPEG quality")
    parser.add_argument("--licenses", default="redistributable", help="licence classes to keep, by comma; all: any")
    parser.add_argument("sets", nargs="+", metavar="JSON:IMAGES", help="a COCO file and the folder of its images")
    options = parser.parse_args()
    kept = None if options.licenses == "all" else options.licenses.split(",")
    entries: list[ImageEntry] = []
    for given in options.sets:
        annotations, colon, images = given.rpartition(":")
        if not colon:
            parser.error(f"{given} is not JSON:IMAGES")
        entries += read_coco(Path(annotations), Path(images), kept)
    write_pack(entries, options.out, options.max_side, options.quality)
    print(describe(Pack(options.out)))


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
    main()

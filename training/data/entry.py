"""An image of a data set, not decoded yet: what every reader gives, whatever the format."""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from semsam_annotate.annotations.images import upright_size
from semsam_annotate.api import BadInput
from semsam_annotate.training.data.problem import MISSING_IMAGE, PATH_LEAVES, Problem
from semsam_annotate.training.data.record import Names, Supervision, TrainingImage, part_entry, supervision_of
from semsam_annotate.training.data.resize import fit, shrink_masks
from semsam_annotate.training.data.segments import Segment, decode_segments


@dataclass(frozen=True)
class Picture:
    """Where the pixels are: a file, or ``size`` bytes from ``offset`` on of an uncompressed tar."""

    path: Path
    offset: int = 0
    size: int | None = None

    def open(self) -> Image.Image:
        """The image, its pixels not decoded yet. Raises OSError."""
        if self.size is None:
            return Image.open(self.path)
        with self.path.open("rb") as file:
            file.seek(self.offset)
            return Image.open(io.BytesIO(file.read(self.size)))

    def upright_size(self) -> tuple[int, int]:
        """(height, width) in pixels after EXIF orientation, from the header alone. Raises OSError."""
        with self.open() as image:
            return upright_size(image)


@dataclass(frozen=True)
class ImageEntry:
    """One image: where it is, its size in pixels, run-length masks and names.

    ``segments``: per mask the compressed runs at image size. ``boxed``: which of them are only boxes, their pixels
    filled; empty for none. ``exhaustive``, and the rest, as in ``TrainingImage``; ``ids``: the annotations' ids.
    ``problems``: what was passed over or mended while reading the annotation.
    """

    path: Path
    height: int
    width: int
    segments: tuple[Segment, ...]
    kinds: tuple[int, ...]
    objects: Names
    parts: Names
    parents: tuple[int, ...]
    source: str = ""
    license_class: str = "unknown"
    ids: tuple[int, ...] = ()
    boxed: tuple[bool, ...] = ()
    exhaustive: frozenset[str] = frozenset()
    problems: tuple[Problem, ...] = field(default=(), repr=False)
    span: tuple[int, int] | None = None
    """Offset and size of the image's bytes when ``path`` is a tar."""
    named: str = ""
    """The image as the annotation names it, empty where that is its path or no name at all."""
    split: str | None = None
    """train, validation or test, where the layout says so."""
    crowds: int = 0
    """Crowd regions, which were passed over."""
    facts: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)
    """Per mask what else the file says, for imports (id, level, score, track, author), not checked; empty for none."""

    def __len__(self) -> int:
        """Number of masks."""
        return len(self.segments)

    @property
    def picture(self) -> Picture:
        """Where the pixels are."""
        return Picture(self.path) if self.span is None else Picture(self.path, *self.span)

    @property
    def is_missing(self) -> bool:
        """Whether its reader found no file that may be its image."""
        return any(found.kind in (MISSING_IMAGE, PATH_LEAVES) for found in self.problems)

    @property
    def box_only(self) -> tuple[bool, ...]:
        """For each mask whether it is only a box."""
        return self.boxed or (False,) * len(self)

    @property
    def supervision(self) -> Supervision:
        """What can be learned from it."""
        return supervision_of(self.box_only, self.objects, self.parts)

    @property
    def absent(self) -> frozenset[str]:
        """Names that are known not to be in the image, written as in ``exhaustive``."""
        parts = (part_entry(name) for name in self.parts if name)
        return self.exhaustive - {name for name in self.objects if name} - frozenset(parts)

    def load(self, max_side: int | None = None) -> TrainingImage:
        """Decode at the image's size, or with its longer side shrunk to ``max_side``; masks that vanish are dropped.

        Raises BadInput when the image is missing, damaged or of another size.
        """
        height, width = fit(self.height, self.width, max_side)
        sample = TrainingImage(
            image=self._pixels(height, width),
            masks=self._masks(height, width),
            kinds=np.array(self.kinds, np.int8),
            objects=self.objects,
            parts=self.parts,
            parents=np.array(self.parents, np.int64),
            boxed=np.array(self.boxed, bool) if any(self.boxed) else None,
            exhaustive=self.exhaustive,
        )
        return sample.select(np.array([mask.any() for mask in sample.masks], bool))

    def _masks(self, height: int, width: int) -> NDArray[np.bool_]:
        if (height, width) == (self.height, self.width):
            return decode_segments(self.segments, height, width)
        small = np.empty((len(self), height, width), bool)
        for row, segment in enumerate(self.segments):  # one by one: a hundred masks of a large photo fill the memory
            small[row] = shrink_masks(decode_segments([segment], self.height, self.width), height, width)[0]
        return small

    def _pixels(self, height: int, width: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
        try:
            with self.picture.open() as file:
                size = upright_size(file)
                if size != (self.height, self.width):
                    raise BadInput(
                        f"{self.path} is {size[1]}x{size[0]}, its annotation says {self.width}x{self.height}"
                    )
                turned = size != (file.height, file.width)
                file.draft("RGB", (height, width) if turned else (width, height))
                upright = ImageOps.exif_transpose(file).convert("RGB")
        except FileNotFoundError as error:
            raise BadInput(f"the image {self.path} is annotated but not there") from error
        except BadInput:
            raise
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            raise BadInput(f"{self.path} cannot be read as an image: {error}") from error
        if upright.size != (width, height):
            upright = upright.resize((width, height), Image.Resampling.BILINEAR, reducing_gap=3.0)
        return np.asarray(upright)

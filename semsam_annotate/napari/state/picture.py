"""The picture being annotated: its pixels as the engine sees them, and what names it in the store."""

from dataclasses import dataclass
from pathlib import Path

from semsam_annotate.annotations import image_sha256, read_image
from semsam_annotate.api import Point, RgbImage


@dataclass(frozen=True, eq=False)
class ReadImage:
    """An image file as it was read: ``rgb``, (H, W, 3) uint8, EXIF applied, and the SHA-256 of these pixels."""

    path: Path
    rgb: RgbImage
    sha256: str

    @classmethod
    def of(cls, path: Path) -> "ReadImage":
        """Read a file; BadInput when it cannot be read."""
        rgb = read_image(path)
        return cls(path, rgb, image_sha256(rgb))


@dataclass(frozen=True, eq=False)
class Picture:
    """One plane of an image.

    ``rgb``: (H, W, 3) uint8 as the engine sees it, EXIF and the viewer's contrast applied. ``own``: the same without
    the viewer's contrast; ``sha256`` is of these and names the picture in the store. ``key``: names ``rgb``, so that
    it is encoded once. ``name``: for people. ``path``: the file that reads as ``own``, None when there is none.
    ``plane``: z/t indices, empty for a plain image.
    """

    rgb: RgbImage
    own: RgbImage
    sha256: str
    key: str
    name: str
    path: Path | None = None
    plane: tuple[int, ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        """(height, width)."""
        return int(self.rgb.shape[0]), int(self.rgb.shape[1])

    def holds(self, point: Point) -> bool:
        """Whether (x, y) lies on the picture; pixel (i, j) reaches half a pixel around its centre."""
        height, width = self.size
        return -0.5 <= point[0] < width - 0.5 and -0.5 <= point[1] < height - 0.5

    @property
    def title(self) -> str:
        """Name and, within a stack, the plane."""
        return self.name if not self.plane else f"{self.name} [{', '.join(map(str, self.plane))}]"

"""What is wrong with a data set, one thing in one place."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """``kind``: what sort of thing, the same text for all of a sort; ``where``: image and annotation; ``detail``."""

    kind: str
    where: str
    detail: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "where", printable(self.where))
        object.__setattr__(self, "detail", printable(self.detail))

    def line(self) -> str:
        """For a person."""
        return f"{self.where}: {self.kind}" + (f" ({self.detail})" if self.detail else "")


def printable(text: str, most: int = 240) -> str:
    """A stranger's text as one line that a terminal can show: no control characters, not endless."""
    shown = "".join(sign if sign.isprintable() else " " for sign in text[:most])
    return shown if len(text) <= most else f"{shown}…"


MISSING_IMAGE = "the image is not there"
SAME_IMAGE = "the file of another image of the data set"
UNREADABLE_IMAGE = "the image cannot be read"
IMAGE_SIZE = "the image has another size than its annotation says"
PATH_LEAVES = "the path leaves the folder of images and is refused"
NO_SIZE = "no usable size of the image"
UNKNOWN_IMAGE = "annotations of an image that the file does not list"
UNKNOWN_CATEGORY = "a category that the file does not list"
DUPLICATE_ID = "an id comes twice"
NO_MASK = "no mask that can be read"
NO_AREA = "a shape that has no area"
EMPTY_MASK = "an empty mask"
SHORT_POLYGON = "a polygon of fewer than three points"
RLE_SIZE = "run lengths of another size than the image"
RLE_DAMAGED = "run lengths that do not fill the image"
IN_PLANE = "masks in a plane of a stack"
BOX_OUTSIDE = "a box that reaches outside of the image"
PARENT_MISSING = "a parent that is not in the image"
PARENT_CYCLE = "parents in a circle"
NOT_A_ROW = "something that is not an annotation"
SHARD_DIGEST = "a shard whose SHA-256 is not the one in the index"
SHARD_DAMAGED = "a shard that cannot be read to its end"
NOT_A_FILE = "a member that is a link or no plain file, and is not followed"
MEMBER_LEAVES = "a member whose name leaves the folder; nothing is unpacked"
UNLISTED_MEMBER = "a member that the shard's table does not list"
"""The kinds of problems."""

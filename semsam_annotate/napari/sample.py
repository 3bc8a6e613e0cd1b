"""A photo to try the plugin on; it comes with scikit-image, so no network is needed."""

from typing import Any


def astronaut() -> list[tuple[Any, dict[str, Any], str]]:
    """One colour photo, 512 x 512, as npe2 layer data."""
    from skimage import data

    photo = data.astronaut()  # type: ignore[no-untyped-call]
    return [(photo, {"name": "astronaut", "rgb": True}, "image")]

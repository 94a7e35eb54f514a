"""Arrays as a picture is stored in, as a player shows it out, and back: shadows fall on what is shown below."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from transport.messages import PictureFormat


def quarters(picture: PictureFormat) -> int:
    """Return by how many times 90 degrees a player turns the picture to the left, 0 to 3."""
    return round(picture.rotation / 90) % 4


def shown(stored: NDArray[Any], turns: int) -> NDArray[Any]:
    """Return an (h, w, ...) array turned to the left so many times."""
    return np.ascontiguousarray(np.rot90(stored, turns))


def stored(shown: NDArray[Any], turns: int) -> NDArray[Any]:
    """Return what such an array was before it was turned."""
    return np.ascontiguousarray(np.rot90(shown, -turns))

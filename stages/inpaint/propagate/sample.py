"""An image and a list of places in, the image's values there out."""

import cv2
import numpy as np

from stages.inpaint.propagate.images import Floats

_ROW = 2048  # cv2.remap takes pictures of less than 32767 a side, not lists


def sample(image: Floats, x: Floats, y: Floats, interpolation: int = cv2.INTER_LINEAR) -> Floats:
    """Return (n,) or (n, C) values at (n,) places; beyond the edge the edge is repeated. Exact at whole places."""
    rows = -(-x.size // _ROW)
    columns = -(-x.size // rows) if rows else 0
    if not columns:
        return np.empty((0, *image.shape[2:]), np.float32)
    grid = [np.resize(places, (rows, columns)).astype(np.float32) for places in (x, y)]
    values = cv2.remap(image, grid[0], grid[1], interpolation, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(values, np.float32).reshape(rows * columns, *image.shape[2:])[: x.size]

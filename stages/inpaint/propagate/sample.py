"""An image and a place in, the image's value there out: the compiled taps that everything else is made of."""

import numpy as np
from numpy.typing import NDArray

from stages.compiled import Number, compiled
from stages.inpaint.propagate.images import Floats

BEND = -0.75  # slope of the kernel at its zeros


@compiled
def cubic(t: Number, weights: Floats) -> None:
    """Write the four weights of Keys' cubic convolution (1981) for a place `t` of the way between the middle two."""
    a = np.float32(BEND)
    weights[0] = a * (t - 2 * t * t + t * t * t)
    weights[1] = 1 - (a + 3) * t * t + (a + 2) * t * t * t
    weights[2] = -a * t + (2 * a + 3) * t * t - (a + 2) * t * t * t
    weights[3] = a * (t * t - t * t * t)


@compiled
def take_cubic(image: NDArray[np.uint8], x: Number, y: Number, wide: Floats, high: Floats, out: Floats) -> None:
    """Write the (C,) bicubic value of an (h, w, C) image, 0 to 255; exact at whole places, the edge goes on for ever.

    `wide` and `high` are room for four weights each.
    """
    height, width, channels = image.shape
    x, y = min(max(x, 0.0), width - 1.0), min(max(y, 0.0), height - 1.0)
    left, top = int(x), int(y)
    if x == left and y == top:
        for c in range(channels):
            out[c] = image[top, left, c]
        return
    cubic(x - left, wide)
    cubic(y - top, high)
    for c in range(channels):
        out[c] = 0
    for j in range(4):
        row = min(max(top - 1 + j, 0), height - 1)
        for i in range(4):
            column = min(max(left - 1 + i, 0), width - 1)
            weight = wide[i] * high[j]
            for c in range(channels):
                out[c] += weight * image[row, column, c]
    for c in range(channels):
        out[c] = min(max(out[c], np.float32(0)), np.float32(255))


@compiled
def take_pair(field: Floats, x: Number, y: Number) -> tuple[Number, Number]:
    """Return the bilinear value of an (h, w, 2) field; the edge goes on for ever."""
    height, width = field.shape[:2]
    x, y = min(max(x, 0.0), width - 1.0), min(max(y, 0.0), height - 1.0)
    left, top = int(x), int(y)
    right, bottom = min(left + 1, width - 1), min(top + 1, height - 1)
    a, b = np.float32(x - left), np.float32(y - top)
    one, two, three, four = (1 - a) * (1 - b), a * (1 - b), (1 - a) * b, a * b
    u = one * field[top, left, 0] + two * field[top, right, 0] + three * field[bottom, left, 0]
    v = one * field[top, left, 1] + two * field[top, right, 1] + three * field[bottom, left, 1]
    return u + four * field[bottom, right, 0], v + four * field[bottom, right, 1]


@compiled
def clear(hole: NDArray[np.bool_], x: Number, y: Number) -> int:
    """Return 1 where the four pixels around a place are off the hole, 0 where one is in it, -1 beyond the picture."""
    height, width = hole.shape
    if x < -0.3 or y < -0.3 or x > width - 0.7 or y > height - 0.7:
        return -1
    x, y = min(max(x, 0.0), width - 1.0), min(max(y, 0.0), height - 1.0)
    left, top = int(x), int(y)
    right, bottom = left + 1 if x > left else left, top + 1 if y > top else top
    right, bottom = min(right, width - 1), min(bottom, height - 1)
    if hole[top, left] or hole[top, right] or hole[bottom, left] or hole[bottom, right]:
        return 0
    return 1

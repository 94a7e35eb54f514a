"""What the demo's painters share: colours mixed, clouds of noise, polygons filled. Numbers in, pixels out."""

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float32]  # (h, w, 3) RGB, 0 to 255
Field = NDArray[np.float32]  # (h, w)
Colour = tuple[float, float, float]


def noise(random: np.random.Generator, rows: int, columns: int, size: float, octaves: int = 4) -> Field:
    """Return clouds around 0, within about -1 to 1, whose largest are `size` pixels wide."""
    total = np.zeros((rows, columns), np.float32)
    for octave in range(octaves):
        step = max(size / 2**octave, 1.0)
        grid = random.standard_normal((int(rows / step) + 4, int(columns / step) + 4)).astype(np.float32)
        large = cv2.resize(grid, None, fx=step, fy=step, interpolation=cv2.INTER_CUBIC)
        total += np.asarray(large[:rows, :columns], np.float32) * np.float32(0.5 * 0.55**octave)
    return total


def mix(first: Image | Colour, second: Image | Colour, share: Field) -> Image:
    """Return the first colour where share is 0, the second where it is 1."""
    weight = share[..., None]
    mixed: Image = np.asarray(first, np.float32) * (1 - weight) + np.asarray(second, np.float32) * weight
    return mixed


def smooth(values: Field, low: float, high: float) -> Field:
    """Return 0 below `low`, 1 above `high`, and an even slope between."""
    t = np.clip((values - low) / (high - low), 0, 1)
    smooth: Field = t * t * (3 - 2 * t)
    return smooth


def grid(rows: int, columns: int, unit: int) -> tuple[Field, Field]:
    """Return x and y of every pixel, in heights."""
    y, x = np.mgrid[:rows, :columns].astype(np.float32) / np.float32(unit)
    return x, y


def fill(image: Image, points: NDArray[np.floating], colour: tuple[float, ...]) -> None:
    """Fill a polygon of (n, 2) pixel positions, smooth at its edges."""
    cv2.fillPoly(image, [np.rint(points * 16).astype(np.int32)], colour, cv2.LINE_AA, 4)

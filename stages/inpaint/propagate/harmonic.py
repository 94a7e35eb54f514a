"""A field known in some places in, the smoothest field that agrees with it out.

Laplace's equation, coarse to fine: the known values are averaged down until none is unknown, and on the way back up
the unknown ones are interpolated and relaxed (successive over-relaxation, Young 1954) at every level.
"""

import numpy as np

from stages.compiled import compiled
from stages.inpaint.propagate.images import Floats, Known

OVER = 1.3  # relaxation factor; more overshoots within the few sweeps that are made


def extend(values: Floats, known: Known, sweeps: int = 2) -> Floats:
    """Return (h, w, C) values with the unknown ones interpolated; all zero when nothing is known."""
    filled = np.array(values, np.float32, order="C")
    _extend(filled, known, sweeps)
    return filled


def _extend(filled: Floats, known: Known, sweeps: int) -> None:
    if known.all():
        return
    if not known.any():
        filled[:] = 0
        return
    coarse, found = _coarser(filled, known)
    _extend(coarse, found, max(sweeps, 3))
    _interpolate(filled, known, coarse)
    if sweeps:
        _relax(filled, known, sweeps)


@compiled
def _coarser(values: Floats, known: Known) -> tuple[Floats, Known]:
    """Return the means of the known values in squares of 2 x 2, and where there were any."""
    height, width, channels = values.shape
    coarse = np.zeros(((height + 1) // 2, (width + 1) // 2, channels), np.float32)
    found = np.zeros(coarse.shape[:2], np.bool_)
    for row in range(coarse.shape[0]):
        for column in range(coarse.shape[1]):
            count = 0
            for y in range(2 * row, min(2 * row + 2, height)):
                for x in range(2 * column, min(2 * column + 2, width)):
                    if known[y, x]:
                        count += 1
                        for c in range(channels):
                            coarse[row, column, c] += values[y, x, c]
            if count:
                found[row, column] = True
                for c in range(channels):
                    coarse[row, column, c] /= count
    return coarse, found


@compiled
def _interpolate(values: Floats, known: Known, coarse: Floats) -> None:
    """Overwrite the unknown values by those of the coarser level, linearly interpolated."""
    height, width, channels = values.shape
    bottom, right = coarse.shape[0] - 1, coarse.shape[1] - 1
    for row in range(height):
        y = min(max(np.float32(0.5) * row - np.float32(0.25), np.float32(0)), np.float32(bottom))
        top = int(y)
        below, down = min(top + 1, bottom), y - top
        for column in range(width):
            if known[row, column]:
                continue
            x = min(max(np.float32(0.5) * column - np.float32(0.25), np.float32(0)), np.float32(right))
            left = int(x)
            beside, across = min(left + 1, right), x - left
            for c in range(channels):
                upper = coarse[top, left, c] + across * (coarse[top, beside, c] - coarse[top, left, c])
                lower = coarse[below, left, c] + across * (coarse[below, beside, c] - coarse[below, left, c])
                values[row, column, c] = upper + down * (lower - upper)


@compiled
def _relax(values: Floats, known: Known, sweeps: int) -> None:
    """Move every unknown value towards the mean of its neighbours, forwards and backwards in turn."""
    height, width, channels = values.shape
    for sweep in range(sweeps):
        for i in range(height):
            row = i if sweep % 2 == 0 else height - 1 - i
            for j in range(width):
                column = j if sweep % 2 == 0 else width - 1 - j
                if known[row, column]:
                    continue
                up, down = max(row - 1, 0), min(row + 1, height - 1)
                left, right = max(column - 1, 0), min(column + 1, width - 1)
                for c in range(channels):
                    here = values[row, column, c]
                    around = values[up, column, c] + values[down, column, c]
                    around += values[row, left, c] + values[row, right, c]
                    values[row, column, c] = here + np.float32(OVER) * (np.float32(0.25) * around - here)

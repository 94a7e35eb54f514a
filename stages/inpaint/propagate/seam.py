"""Patches from several sources in, the same patches without an edge where they meet out.

Gradients are taken from the sources, each continued across its border, and the colours that come nearest to them are
sought (Perez, Gangnet and Blake, Poisson image editing, 2003), screened so that a correction fades within a few pixels
(Bhat et al., Fourier analysis of the 2D screened Poisson equation, 2008).
"""

from dataclasses import dataclass

import numpy as np

from stages.compiled import Number, compiled
from stages.inpaint.propagate.follow import Ints, Points
from stages.inpaint.propagate.images import Bytes, Floats, Known, grown, part
from stages.inpaint.propagate.plates import Plates
from stages.inpaint.propagate.pointers import Pointers
from stages.inpaint.propagate.sample import clear, take_cubic
from stages.inpaint.propagate.view import View

SCREEN = 0.02  # a correction fades to a third within its inverse root, 7 small pixels
SWEEPS = 10
OVER = 1.5  # relaxation factor
STEEP = 40.0  # levels that are corrected at most
NEAR = 0.7  # small pixels: sources of neighbours that lie further apart are not the same


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Source:
    """Something that a part of the points is taken from."""

    pointers: Pointers
    seen: Floats  # (n, C) small colours as they are there
    weight: Floats  # (n,)


def joined(view: View, points: Points, colours: Floats, sources: list[Source], plates: Plates, now: int) -> Floats:
    """Return the (n, C) colours with the steps between sources taken out."""
    region = grown(view.box, 1, view.hole.shape)
    pull = np.zeros((region.height, region.width, colours.shape[1]), np.float32)
    canvas = view.colours[part(region)].astype(np.float32)
    canvas[points.rows - region.y, points.columns - region.x] = colours
    index = np.ascontiguousarray(points.index[part(region)])
    gradients = np.zeros((2, *pull.shape), np.float32)
    weights = np.zeros((2, *index.shape), np.float32)
    for each in sources:
        there = each.pointers
        _gradients(
            index, there.seq, there.x, there.y, each.seen, each.weight, plates.colours, plates.holes, now, gradients,
            weights,
        )  # fmt: skip
    _pulls(index, canvas, gradients, weights, pull)
    change = np.zeros_like(pull)
    _solve(index, pull, change, SWEEPS, np.float32(SCREEN))
    return colours + np.clip(change[points.rows - region.y, points.columns - region.x], -STEEP, STEEP)


@compiled
def _gradients(
    index: Ints, seq: Ints, x: Floats, y: Floats, seen: Floats, weight: Floats, images: Bytes, holes: Known, now: int,
    sums: Floats, weights: Floats,
) -> None:  # fmt: skip
    """Add up one source's differences between neighbours, to the right and down, and their weights."""
    wide, high = np.empty(4, np.float32), np.empty(4, np.float32)
    beside = np.empty(images.shape[3], np.float32)
    for axis in range(2):
        dx, dy = 1 - axis, axis
        for row in range(index.shape[0] - dy):
            for column in range(index.shape[1] - dx):
                i, j = index[row, column], index[row + dy, column + dx]
                here = weight[i] if i >= 0 else np.float32(0)
                there = weight[j] if j >= 0 else np.float32(0)
                if here + there == 0:
                    continue
                total = sums[axis, row, column]
                if here > 0 and there > 0 and _same(seq, x, y, i, j, dx, dy):
                    for c in range(total.size):
                        total[c] += (here + there) * (seen[j, c] - seen[i, c])
                    weights[axis, row, column] += here + there
                    continue
                if here > 0 and _beside(seq[i], x[i] + dx, y[i] + dy, images, holes, now, wide, high, beside):
                    for c in range(total.size):
                        total[c] += here * (beside[c] - seen[i, c])
                    weights[axis, row, column] += here
                if there > 0 and _beside(seq[j], x[j] - dx, y[j] - dy, images, holes, now, wide, high, beside):
                    for c in range(total.size):
                        total[c] += there * (seen[j, c] - beside[c])
                    weights[axis, row, column] += there


@compiled
def _same(seq: Ints, x: Floats, y: Floats, i: int, j: int, dx: int, dy: int) -> bool:
    """Say whether two neighbours point at neighbours."""
    return bool(seq[i] == seq[j] and abs(x[j] - x[i] - dx) < NEAR and abs(y[j] - y[i] - dy) < NEAR)


@compiled
def _beside(
    seq: int, x: Number, y: Number, images: Bytes, holes: Known, now: int, wide: Floats, high: Floats, out: Floats
) -> bool:
    """Read what lies beside a place, if it is known there: the holes of frames to come are not yet filled."""
    slot = seq % images.shape[0]
    shown = clear(holes[slot], x, y)
    if shown < 0 or (shown == 0 and seq >= now):
        return False
    take_cubic(images[slot], x, y, wide, high, out)
    return True


@compiled
def _pulls(index: Ints, canvas: Floats, sums: Floats, weights: Floats, pull: Floats) -> None:
    """Write how much every pixel is drawn up by the differences that its neighbours should have."""
    for axis in range(2):
        dx, dy = 1 - axis, axis
        for row in range(index.shape[0] - dy):
            for column in range(index.shape[1] - dx):
                weight = weights[axis, row, column]
                if weight > 0:
                    for c in range(canvas.shape[2]):
                        step = canvas[row + dy, column + dx, c] - canvas[row, column, c]
                        step -= sums[axis, row, column, c] / weight
                        pull[row, column, c] += step
                        pull[row + dy, column + dx, c] -= step


@compiled
def _solve(index: Ints, pull: Floats, change: Floats, sweeps: int, screen: Number) -> None:
    """Relax the screened Poisson equation on the hole; around it nothing changes."""
    height, width, channels = change.shape
    for sweep in range(sweeps):
        for i in range(height):
            row = i if sweep % 2 == 0 else height - 1 - i
            for j in range(width):
                column = j if sweep % 2 == 0 else width - 1 - j
                if index[row, column] < 0:
                    continue
                sides = (row > 0) + (row < height - 1) + (column > 0) + (column < width - 1)
                part = np.float32(OVER) / (sides + screen)
                for c in range(channels):
                    total = pull[row, column, c]
                    if row > 0:
                        total += change[row - 1, column, c]
                    if row < height - 1:
                        total += change[row + 1, column, c]
                    if column > 0:
                        total += change[row, column - 1, c]
                    if column < width - 1:
                        total += change[row, column + 1, c]
                    change[row, column, c] += part * total - np.float32(OVER) * change[row, column, c]

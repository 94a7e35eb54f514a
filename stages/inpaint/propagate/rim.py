"""A dense flow that a hole has spoilt on its rim in, the flow of what is really seen there out.

Patches beside the hole are matched anew with the hole left out of both frames: Gauss-Newton steps on the translation
(Baker and Matthews, Lucas-Kanade 20 years on, 2004) from the better of the dense flow and the camera's, the difference
in brightness left out, and laid over each other by how well they match.
"""

import numpy as np

from stages.compiled import Number, compiled
from stages.inpaint.propagate.images import Floats, Grey, Known

RADIUS = 8  # small pixels of a patch around its centre
STRIDE = 4  # small pixels between patches
ROUNDS = 8  # Gauss-Newton steps at most
LEAST = 40  # pixels of a patch that both frames must show
FIRM = 3.0  # squared gradient a pixel that is added to hold a patch in place
FAR = 6.0  # small pixels that a patch may move from where it starts
ARRIVED = 1e-3  # squared small pixels: a smaller step is the last
NOTHING = 1e9  # the error of a patch that cannot be compared


def rematch(here: Grey, there: Grey, hole: Known, gone: Known, zone: Known, dense: Floats, plane: Floats) -> Floats:
    """Return the (h, w, 2) flow with what lies in the zone replaced where patches match.

    `here` and `there` are (h, w) crops of both frames, `hole` and `gone` what is hidden in them; `dense` and `plane`
    are the flows to begin from.
    """
    one, other = here.astype(np.float32), there.astype(np.float32)
    slope = np.zeros((*here.shape, 2), np.float32)
    slope[:, 1:-1, 0] = np.float32(0.5) * (one[:, 2:] - one[:, :-2])
    slope[1:-1, :, 1] = np.float32(0.5) * (one[2:] - one[:-2])
    firm = ~hole
    firm[:, 1:-1] &= ~(hole[:, 2:] | hole[:, :-2])
    firm[1:-1] &= ~(hole[2:] | hole[:-2])
    firm[[0, -1]], firm[:, [0, -1]] = False, False
    refined = dense.copy()
    _rematch(one, other, slope, firm, gone, zone, dense, plane, refined)
    return refined


@compiled
def _rematch(
    one: Floats, other: Floats, slope: Floats, firm: Known, gone: Known, zone: Known, dense: Floats, plane: Floats,
    refined: Floats,
) -> None:  # fmt: skip
    """Match every patch of the zone, and lay the vectors over each other."""
    height, width = zone.shape
    weights, sums = np.zeros((height, width), np.float32), np.zeros((height, width, 2), np.float32)
    for row in range(STRIDE // 2, height, STRIDE):
        for column in range(STRIDE // 2, width, STRIDE):
            if not zone[row, column]:
                continue
            error, u, v = _descend(one, other, slope, firm, gone, row, column, dense[row, column], plane[row, column])
            if error >= NOTHING:
                continue
            weight = np.float32(1) / (np.float32(1) + error)
            for y in range(max(row - RADIUS, 0), min(row + RADIUS + 1, height)):
                for x in range(max(column - RADIUS, 0), min(column + RADIUS + 1, width)):
                    sums[y, x, 0] += weight * u
                    sums[y, x, 1] += weight * v
                    weights[y, x] += weight
    for row in range(height):
        for column in range(width):
            if zone[row, column] and weights[row, column] > 0:
                refined[row, column, 0] = sums[row, column, 0] / weights[row, column]
                refined[row, column, 1] = sums[row, column, 1] / weights[row, column]


@compiled
def _descend(
    one: Floats, other: Floats, slope: Floats, firm: Known, gone: Known, row: int, column: int, dense: Floats,
    plane: Floats,
) -> tuple[Number, Number, Number]:  # fmt: skip
    """Return the mean squared difference after some steps, and the vector reached; a lot where it cannot be told."""
    u, v = dense[0], dense[1]
    error, du, dv = _match(one, other, slope, firm, gone, row, column, u, v)
    if plane[0] != u or plane[1] != v:
        off, across, down = _match(one, other, slope, firm, gone, row, column, plane[0], plane[1])
        if off < error:
            error, du, dv, u, v = off, across, down, plane[0], plane[1]
    start_u, start_v = u, v
    for _ in range(ROUNDS):
        if du * du + dv * dv < ARRIVED or abs(u + du - start_u) + abs(v + dv - start_v) > FAR:
            break
        off, across, down = _match(one, other, slope, firm, gone, row, column, u + du, v + dv)
        if off >= error:
            break
        error, u, v, du, dv = off, u + du, v + dv, across, down
    return error, u, v


@compiled
def _match(
    one: Floats, other: Floats, slope: Floats, firm: Known, gone: Known, row: int, column: int, u: Number, v: Number
) -> tuple[Number, Number, Number]:
    """Return the mean squared difference of a patch moved by a vector, and the step that makes it smaller."""
    height, width = firm.shape
    zero = np.float32(0)
    count, total, squares = zero, zero, zero
    xx, xy, yy, gx, gy, ex, ey = zero, zero, zero, zero, zero, zero, zero
    x0, y0 = int(np.floor(u)), int(np.floor(v))
    a, b = np.float32(u - x0), np.float32(v - y0)
    for y in range(max(row - RADIUS, -y0, 0), min(row + RADIUS + 1, height, height - 1 - y0)):
        for x in range(max(column - RADIUS, -x0, 0), min(column + RADIUS + 1, width, width - 1 - x0)):
            tx, ty = x + x0, y + y0
            if not firm[y, x] or gone[ty, tx] or gone[ty, tx + 1] or gone[ty + 1, tx] or gone[ty + 1, tx + 1]:
                continue
            upper = other[ty, tx] + a * (other[ty, tx + 1] - other[ty, tx])
            lower = other[ty + 1, tx] + a * (other[ty + 1, tx + 1] - other[ty + 1, tx])
            off = upper + b * (lower - upper) - one[y, x]
            across, down = slope[y, x, 0], slope[y, x, 1]
            count += np.float32(1)
            total += off
            squares += off * off
            gx += across
            gy += down
            ex += across * off
            ey += down * off
            xx += across * across
            xy += across * down
            yy += down * down
    if count < LEAST:
        return np.float32(NOTHING), zero, zero
    mean = total / count
    ex, ey = ex - gx * mean, ey - gy * mean
    xx = xx - gx * gx / count + np.float32(FIRM) * count
    yy = yy - gy * gy / count + np.float32(FIRM) * count
    xy -= gx * gy / count
    determinant = xx * yy - xy * xy
    return squares / count - mean * mean, -(yy * ex - xy * ey) / determinant, -(xx * ey - xy * ex) / determinant

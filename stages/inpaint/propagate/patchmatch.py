"""A picture with a hole in, for every pixel of the hole a place that goes on like its surroundings out.

Patches are sought by chance and along with their neighbours (Barnes et al., PatchMatch, 2009), and vote on what the
hole looks like (Wexler, Shechtman and Irani, Space-time completion of video, 2007), round by round.
"""

import numpy as np
from numpy.typing import NDArray

from stages.compiled import Number, compiled
from stages.inpaint.propagate.images import Floats, Known

RADIUS = 3  # of a patch, pixels
NEAR = 0.15  # cost of a patch per squared pixel of distance; twice that up and down, as scenes are layered
STRICT = 0.1  # of the median cost: how much worse a patch may be and still have a vote
FLOOR = np.float32(1e-8)  # of a vote

Field = NDArray[np.int32]  # (h, w, 2) row and column of the source of every pixel
Seed = NDArray[np.uint32]  # (1,) state of the generator of chance


def match(painted: Floats, free: int, unknown: Known, targets: Known, source: Known, field: Field, rounds: int) -> None:
    """Repaint the unknown pixels of an (h, w, F) picture, and write where each target's patch comes from.

    The first `free` features are repainted, the others are only compared.

    Targets are the pixels whose patches touch the unknown ones; `source` is where patches may come from, known as
    a whole. What of the field is no such place is replaced by chance; there must be a source.
    """
    places = np.argwhere(source).astype(np.int32)
    cost = np.empty(unknown.shape, np.float32)
    seed = np.array([2463534242], np.uint32)
    _begin(targets, source, places, field, seed)
    for _ in range(rounds):
        _measure(painted, targets, field, cost)
        for way in (1, -1):
            _improve(painted, targets, source, field, cost, way, seed)
        spread = np.float32(STRICT) * np.float32(np.median(cost[targets])) + np.float32(1)
        _vote(painted, free, unknown, targets, field, cost, spread)


@compiled
def _chance(seed: Seed, below: int) -> Number:
    """Return a number from 0 to below - 1 (Marsaglia, Xorshift RNGs, 2003)."""
    value = seed[0]
    value ^= (value << np.uint32(13)) & np.uint32(0xFFFFFFFF)
    value ^= value >> np.uint32(17)
    value ^= (value << np.uint32(5)) & np.uint32(0xFFFFFFFF)
    seed[0] = value
    return np.int64(value) % below


@compiled
def _begin(targets: Known, source: Known, places: Field, field: Field, seed: Seed) -> None:
    height, width = targets.shape
    for row in range(height):
        for column in range(width):
            if targets[row, column]:
                y, x = field[row, column]
                if y < 0 or x < 0 or y >= height or x >= width or not source[y, x]:
                    field[row, column] = places[_chance(seed, len(places))]


@compiled
def _cost(painted: Floats, row: int, column: int, y: int, x: int, best: Number) -> Number:
    """Return how much two patches differ, or something that is no less than `best`."""
    height, width, features = painted.shape
    total = np.float32(NEAR) * (2 * (row - y) * (row - y) + (column - x) * (column - x))
    for j in range(-RADIUS, RADIUS + 1):
        if row + j < 0 or row + j >= height:
            continue
        for i in range(-RADIUS, RADIUS + 1):
            if column + i < 0 or column + i >= width:
                continue
            for f in range(features):
                off = painted[row + j, column + i, f] - painted[y + j, x + i, f]
                total += off * off
        if total >= best:
            return total
    return total


@compiled
def _measure(painted: Floats, targets: Known, field: Field, cost: Floats) -> None:
    for row in range(targets.shape[0]):
        for column in range(targets.shape[1]):
            if targets[row, column]:
                y, x = field[row, column]
                cost[row, column] = _cost(painted, row, column, y, x, np.float32(1e30))


@compiled
def _improve(painted: Floats, targets: Known, source: Known, field: Field, cost: Floats, way: int, seed: Seed) -> None:
    """Try for every target what its neighbours have, and places by chance, nearer and nearer to what it has."""
    height, width = targets.shape
    for i in range(height):
        row = i if way > 0 else height - 1 - i
        for j in range(width):
            column = j if way > 0 else width - 1 - j
            if not targets[row, column]:
                continue
            for axis in range(2):
                beside, before = row - way * axis, column - way * (1 - axis)
                if 0 <= beside < height and 0 <= before < width and targets[beside, before]:
                    y, x = field[beside, before]
                    _offer(painted, source, field, cost, row, column, y + way * axis, x + way * (1 - axis))
            radius = max(height, width)
            while radius >= 1:
                y, x = field[row, column]
                y, x = y - radius + _chance(seed, 2 * radius + 1), x - radius + _chance(seed, 2 * radius + 1)
                _offer(painted, source, field, cost, row, column, y, x)
                radius //= 3


@compiled
def _offer(painted: Floats, source: Known, field: Field, cost: Floats, row: int, column: int, y: int, x: int) -> None:
    """Take a place for a target's source if it is better than the one that it has."""
    if y < 0 or x < 0 or y >= source.shape[0] or x >= source.shape[1] or not source[y, x]:
        return
    total = _cost(painted, row, column, y, x, cost[row, column])
    if total < cost[row, column]:
        cost[row, column] = total
        field[row, column, 0], field[row, column, 1] = y, x


@compiled
def _vote(
    painted: Floats, free: int, unknown: Known, targets: Known, field: Field, cost: Floats, spread: Number
) -> None:
    """Repaint every unknown pixel as the patches over it want it, the good ones above all."""
    height, width = unknown.shape
    sums, weights = np.zeros((height, width, free), np.float32), np.zeros((height, width), np.float32)
    for row in range(height):
        for column in range(width):
            if not targets[row, column]:
                continue
            weight = np.exp(-min(cost[row, column] / spread, np.float32(60))) + FLOOR
            y, x = field[row, column]
            for j in range(max(-RADIUS, -row), min(RADIUS + 1, height - row)):
                for i in range(max(-RADIUS, -column), min(RADIUS + 1, width - column)):
                    if unknown[row + j, column + i]:
                        weights[row + j, column + i] += weight
                        for f in range(free):
                            sums[row + j, column + i, f] += weight * painted[y + j, x + i, f]
    for row in range(height):
        for column in range(width):
            if unknown[row, column] and weights[row, column] > 0:
                for f in range(free):
                    painted[row, column, f] = sums[row, column, f] / weights[row, column]

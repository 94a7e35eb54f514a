"""Features of pixels in, many waves of them out, in which what is told apart by a curved border is so by a plane.

Random Fourier features (Rahimi and Recht, Random features for large-scale kernel machines, 2007): the product of two
pixels' waves is about a kernel of their distance. The waves are parabolas that look like sines, which is as good here.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stages.compiled import compiled
from stages.segment.track.appearance.features import FEATURES, Features

Floats = NDArray[np.float32]


class Waves(NamedTuple):
    """Directions and phases of a fixed set of waves."""

    turns: Floats  # (FEATURES, count) per unit of each feature
    phases: Floats  # (count,) turns


def waves(count: int, reach: tuple[float, float], seed: int) -> Waves:
    """Return so many waves of random directions; their kernels are between reach[0] and reach[1] wide."""
    chance = np.random.default_rng(seed)
    width = np.exp(chance.uniform(np.log(reach[0]), np.log(reach[1]), count))
    turns = chance.normal(0, 1, (FEATURES, count)) / (2 * np.pi * width)
    return Waves(turns.astype(np.float32), chance.uniform(0, 1, count).astype(np.float32))


# The two loops say the same twice: called as a function, it is not made into vector instructions, and 13 times slower.
@compiled
def lift(known: Features, turns: Floats, phases: Floats, lifted: Floats) -> None:
    """Write the waves of (n, FEATURES) into the first columns of `lifted`, -1 to 1."""
    for i in range(len(known)):
        for d in range(len(phases)):
            angle = phases[d]
            for k in range(FEATURES):
                angle += known[i, k] * turns[k, d]
            turn = angle - np.floor(angle) - np.float32(0.5)
            lifted[i, d] = turn * (np.float32(8) - np.float32(16) * abs(turn))


@compiled
def weigh(known: Features, turns: Floats, phases: Floats, weights: Floats, sums: Floats) -> None:
    """Write into `sums`, (n,), the waves of (n, FEATURES) times their weights, plus the one weight more."""
    count = len(phases)
    for i in range(len(known)):
        total = weights[count]
        for d in range(count):
            angle = phases[d]
            for k in range(FEATURES):
                angle += known[i, k] * turns[k, d]
            turn = angle - np.floor(angle) - np.float32(0.5)
            total += weights[d] * (turn * (np.float32(8) - np.float32(16) * abs(turn)))
        sums[i] = total

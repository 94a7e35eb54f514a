"""The two loops over all pixels: how far a picture is from the plate, and what it teaches."""

import numpy as np
from numpy.typing import NDArray

from stages.compiled import Number, compiled

Colours = NDArray[np.uint8]  # (H, W, 3)
Values = NDArray[np.float32]  # (H, W) or, of a plate, (H, W, 3)
Where = NDArray[np.bool_]  # (H, W)
Ages = NDArray[np.uint16]  # (H, W)

RATE = 0.02  # with which the plate follows the scene, once it is known
SPREAD_RATE = 0.03
SPREAD_CAP = 12.0  # levels: what is further off teaches the spread no more than that
RESTLESS_RATE = 0.02
CALM, RESTLESS = 0.06, 0.24  # changes of mind a frame: below, a pixel is compared with itself, above with all around
SAME = 2.5  # times the weak level: how far a candidate may vary
OLDEST = 60000  # frames, so that ages fit 16 bits


@compiled
def differ(
    picture: Colours, plate: Colours, low: Colours, high: Colours, slack: Values, restless: Values, age: Ages
) -> Values:
    """Return by how many levels, in the channel that differs most, each pixel is off; 0 where the plate is unknown.

    `low` and `high` are the darkest and brightest of the plate around each pixel, `slack` what is forgiven.
    """
    height, width = age.shape
    off = np.zeros((height, width), np.float32)
    for y in range(height):
        for x in range(width):
            if age[y, x] == 0:
                continue
            share = min(max((restless[y, x] - CALM) / (RESTLESS - CALM), 0.0), 1.0)
            most = np.float32(0)
            for c in range(3):
                value, expected = np.float32(picture[y, x, c]), np.float32(plate[y, x, c])
                alone = abs(value - expected)
                around = max(np.float32(low[y, x, c]) - value, value - np.float32(high[y, x, c]), np.float32(0))
                most = max(most, np.float32(alone + share * (around - alone)))
            off[y, x] = max(most - slack[y, x], np.float32(0))
    return off


@compiled
def teach(
    picture: Colours,
    off: Values,
    level: Values,
    taken: Where,
    seen: Where,
    mean: Values,
    plate: Colours,
    spread: Values,
    age: Ages,
    restless: Values,
    weak: Where,
    candidate: Values,
    stable: Ages,
) -> None:
    """Let a picture that lies on the plate teach it, in place.

    `taken` is what is held for an object: it changes the candidate alone. `plate` is the mean, rounded.
    """
    height, width = age.shape
    for y in range(height):
        for x in range(width):
            if not seen[y, x]:
                continue
            now = off[y, x] > level[y, x]
            restless[y, x] += RESTLESS_RATE * ((1.0 if now != weak[y, x] else 0.0) - restless[y, x])
            weak[y, x] = now
            if taken[y, x]:
                _watch(picture, candidate, stable, SAME * level[y, x], y, x)
                continue
            stable[y, x] = 0
            age[y, x] = min(age[y, x] + 1, OLDEST)
            rate = max(1.0 / age[y, x], RATE)
            spread[y, x] += SPREAD_RATE * (min(off[y, x], SPREAD_CAP) - spread[y, x])
            for c in range(3):
                mean[y, x, c] += rate * (picture[y, x, c] - mean[y, x, c])
                plate[y, x, c] = np.uint8(min(max(mean[y, x, c] + 0.5, 0.0), 255.0))


@compiled
def _watch(picture: Colours, candidate: Values, stable: Ages, limit: Number, y: int, x: int) -> None:
    """Count for how long what is taken for an object has not changed."""
    most = 0.0
    for c in range(3):
        most = max(most, abs(picture[y, x, c] - candidate[y, x, c]))
    same = most < limit and stable[y, x] > 0
    stable[y, x] = min(stable[y, x] + 1, OLDEST) if same else 1
    rate = 0.1 if same else 1.0
    for c in range(3):
        candidate[y, x, c] += rate * (picture[y, x, c] - candidate[y, x, c])

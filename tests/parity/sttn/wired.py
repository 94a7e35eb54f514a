"""Weights for STTN, set by hand, with which it shows what it is shown, and in a hole the mean of all frames.

Colours are handed through in pairs, each beside its negative, so that a leaky rectifier loses nothing: what it makes of
c less what it makes of -c is 1.2 c. The encoder takes the means of 4x4 pixels. In the first block, where all frames are
alike to the attention, whole frames are added up and divided by their number; the other blocks add nothing.
"""

from collections.abc import Mapping

import numpy as np

from tests.parity.siammask.seeded import Numbers

COLOURS = 3
SHARE = 1 / 1.2  # of a pair's difference, that is the colour
ENDS = ("encoder.0.weight", "decoder.6.weight")  # where there are colours on one side, not pairs


def weights(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Numbers]:
    """Return a value for every name of a state dict."""
    return {name: np.ascontiguousarray(_weight(name, shape), np.float32) for name, shape in shapes.items()}


def _weight(name: str, shape: tuple[int, ...]) -> Numbers:
    found = np.zeros(shape, np.float32)
    if len(shape) == 1 or not name.startswith(("encoder", "decoder", "transformer.0")):
        return found
    if "feed_forward" in name or "query" in name or "key" in name:
        return found
    made = _pairs() if "output_linear" not in name else np.eye(2 * COLOURS)  # there they are, but for the rectifier
    if name in ENDS:
        made = _told() if name.startswith("encoder") else _heard()
    middle = shape[2] // 2
    taps = slice(middle, middle + 2) if name in ("encoder.0.weight", "encoder.4.weight") else slice(middle, middle + 1)
    count = (taps.stop - taps.start) ** 2
    found[: made.shape[0], : made.shape[1], taps, taps] = made[..., None, None] / count
    return found


def _told() -> Numbers:
    """Colours in, pairs out."""
    return np.vstack([np.eye(COLOURS), -np.eye(COLOURS)]).astype(np.float32)


def _heard() -> Numbers:
    """Rectified pairs in, colours out."""
    return np.float32(SHARE) * _told().T


def _pairs() -> Numbers:
    return _told() @ _heard()

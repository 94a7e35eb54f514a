"""Two pictures of one scene in, the gain and offset between them out: auto-exposure, a light that is switched on.

By quantiles, which need no registration and hardly see a moving object; or pixel by pixel, by least squares that leaves
out what does not fit (trimmed, twice).
"""

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.float32]  # (n, 3), 0 to 255
Channel = NDArray[np.float32]  # (n,)
Tone = tuple[NDArray[np.float32], NDArray[np.float32]]  # gain and offset of every channel, (3,) each

QUANTILES = np.linspace(0.05, 0.95, 19)
DARK, BRIGHT = 8.0, 247.0  # what is clipped says nothing
LEAST_SPREAD = 4.0  # standard deviation below which a picture has no contrast to compare
GAINS = (0.4, 2.5)
FEWEST = 50  # pixels that a fit needs
TRIMMED = 2.5  # times the median residual: what fits worse is left out
ROUNDS = 2


def by_quantiles(plate: Pixels, picture: Pixels) -> Tone:
    """Return the tone that turns the plate into the picture, whichever pixels are which."""
    before, after = (np.quantile(pixels, QUANTILES, axis=0).astype(np.float32) for pixels in (plate, picture))
    return _tone([_line(before[:, channel], after[:, channel]) for channel in range(3)])


def by_pixels(plate: Pixels, picture: Pixels) -> Tone:
    """Return the tone that turns the plate into the picture, each pixel into the same one."""
    return _tone([_trimmed(plate[:, channel], picture[:, channel]) for channel in range(3)])


def apply(tone: Tone, values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return (..., 3) values in another tone; not clipped, so that it can be undone."""
    gain, offset = tone
    return values * gain + offset


def shown(tone: Tone, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a (H, W, 3) picture in another tone, clipped."""
    table = apply(tone, np.arange(256, dtype=np.float32)[:, None].repeat(3, axis=1))
    return np.asarray(cv2.LUT(picture, np.clip(np.rint(table), 0, 255).astype(np.uint8)[None]), np.uint8)


def _tone(lines: list[tuple[float, float]]) -> Tone:
    return np.array([gain for gain, _ in lines], np.float32), np.array([offset for _, offset in lines], np.float32)


def _trimmed(before: Channel, after: Channel) -> tuple[float, float]:
    shown = (before > DARK) & (before < BRIGHT) & (after > DARK) & (after < BRIGHT)
    before, after = before[shown], after[shown]
    if len(before) < FEWEST:
        return 1.0, 0.0
    gain, offset = 1.0, float(np.median(after - before))
    for _ in range(ROUNDS):
        residual = np.abs(np.float32(gain) * before + np.float32(offset) - after)
        fits = residual <= max(TRIMMED * float(np.median(residual)), 1.0)
        gain, offset = _line(before[fits], after[fits])
    return gain, offset


def _line(before: Channel, after: Channel) -> tuple[float, float]:
    """Return the straight line of least squares; without contrast, the shift alone."""
    middle, target = float(before.mean()), float(after.mean())
    spread = before - np.float32(middle)
    power = float(np.mean(spread * spread))
    if power < LEAST_SPREAD * LEAST_SPREAD:
        return 1.0, target - middle
    gain = float(np.clip(np.mean(spread * (after - np.float32(target))) / power, *GAINS))
    return gain, target - gain * middle

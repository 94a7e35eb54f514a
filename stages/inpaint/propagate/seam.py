"""A picture with invented parts in, the same parts without an edge around them out."""

import cv2
import numpy as np

from stages.inpaint.propagate.harmonic import extend
from stages.inpaint.propagate.images import Floats, Known, bounds, convolved, depth, grown, over, softened

STEEP = 40.0  # grey levels that a seam is corrected by at most
REACH = 12.0  # pixels from the seam at which the correction has faded to a third
FINE, COARSE = 3.0, 8.0  # pixels along the seam over which a step is smoothed
QUIET, SETTLED = 1.0, 8.0  # grey levels: a smaller step is left alone, of new parts and of old ones
PASSES = 3  # smoothing leaves a part of the step; three times smoothed leaves little

UNFIT = 16.0  # grey levels of smoothed step, on the mean, at which an old invention is given up
SHORT = 8  # pixels: a seam shorter than that says nothing

_SIDES = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], np.float32)


def unseam(pixels: Floats, invented: Known, certain: Known) -> Floats:
    """Return (h, w, C) pixels whose newly invented parts meet the others without a step.

    The step along the seam is smoothed, so that texture is not taken for one, and fades into the invented part.
    """
    for _ in range(PASSES):
        pixels = _lighten(pixels, invented, certain, FINE, QUIET)
    return pixels


def relight(pixels: Floats, settled: Known, certain: Known) -> Floats:
    """Return (h, w, C) pixels whose parts that were invented before follow the light around them.

    They do so only coarsely and when it changes much: what has been shown should stay as it is rather than flicker.
    """
    return _lighten(pixels, settled, certain, COARSE, SETTLED)


def _lighten(pixels: Floats, part: Known, certain: Known, sigma: float, quiet: float) -> Floats:
    around = grown(bounds(part), 1, part.shape)
    there = np.s_[around.y : around.y + around.height, around.x : around.x + around.width]
    if around.width:
        pixels = pixels.copy()
        pixels[there] = _lighten_all(np.ascontiguousarray(pixels[there]), part[there], certain[there], sigma, quiet)
    return pixels


def _lighten_all(pixels: Floats, part: Known, certain: Known, sigma: float, quiet: float) -> Floats:
    rim, step = _steps(pixels, part, certain, sigma)
    if not rim.any():
        return pixels
    along = extend(step, rim)
    along = np.sign(along) * np.maximum(np.abs(along) - np.float32(quiet), 0)
    faded = along * np.exp(-depth(part) / np.float32(REACH))[..., None]
    return np.where(part[..., None], np.clip(pixels + faded, 0, 255), pixels)


def stale(pixels: Floats, settled: Known, certain: Known) -> Known:
    """Return those parts, invented before, that no longer fit what has come to be seen around them."""
    rim, step = _steps(pixels, settled, certain, FINE)
    _, label = cv2.connectedComponents(settled.astype(np.uint8), connectivity=4)
    length = np.bincount(label[rim], minlength=int(label.max()) + 1)
    total = np.bincount(label[rim], weights=np.abs(step[rim]).max(axis=1), minlength=length.size)
    misfit: Known = ((length >= SHORT) & (total > UNFIT * length))[label] & settled
    return misfit


def _steps(pixels: Floats, part: Known, certain: Known, sigma: float) -> tuple[Known, Floats]:
    """Return where a part meets what is certain, and there the step up to it, smoothed along the seam."""
    weight = certain.astype(np.float32)
    beside = convolved(weight, _SIDES, cv2.BORDER_CONSTANT)
    rim = part & (beside > 0)
    outside = convolved(pixels * weight[..., None], _SIDES, cv2.BORDER_CONSTANT)
    step = np.zeros_like(pixels)
    step[rim] = np.clip(over(outside[rim], beside[rim]) - pixels[rim], -STEEP, STEEP)
    return rim, over(softened(step, sigma), softened(rim.astype(np.float32), sigma))

"""A picture with invented parts in, the same parts without an edge around them out."""

import cv2
import numpy as np

from stages.inpaint.propagate.harmonic import extend
from stages.inpaint.propagate.images import Floats, Known, convolved, depth, over, softened

STEEP = 40.0  # grey levels that a seam is corrected by at most
REACH = 12.0  # pixels from the seam at which the correction has faded to a third
QUIET = np.float32(1.0)  # grey levels: a smaller step is not seen

_SIDES = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], np.float32)


def unseam(pixels: Floats, invented: Known, certain: Known) -> Floats:
    """Return (h, w, C) pixels whose invented parts meet the certain ones without a step.

    The step along the seam is smoothed, so that texture is not taken for one, and fades into the invented part.
    """
    weight = certain.astype(np.float32)
    beside = convolved(weight, _SIDES, cv2.BORDER_CONSTANT)
    rim = invented & (beside > 0)
    if not rim.any():
        return pixels
    outside = convolved(pixels * weight[..., None], _SIDES, cv2.BORDER_CONSTANT)
    step = np.zeros_like(pixels)
    step[rim] = np.clip(over(outside[rim], beside[rim]) - pixels[rim], -STEEP, STEEP)
    along = extend(over(softened(step, 3), softened(rim.astype(np.float32), 3)), rim)
    along = np.sign(along) * np.maximum(np.abs(along) - QUIET, 0)
    faded = along * np.exp(-depth(invented) / np.float32(REACH))[..., None]
    return np.where(invented[..., None], np.clip(pixels + faded, 0, 255), pixels)

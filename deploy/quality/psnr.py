"""Two pictures in, how far apart they are in decibels out."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

CAP = 100.0  # dB, said of equal pictures, whose PSNR would be infinite: one such frame must not swallow a mean


def psnr(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Return 20 log10(255 / sqrt(mean squared difference)) over all samples of two equal shapes, at most CAP.

    Over whole RGB pictures in float64 this is the papers' measure (E2FGVI, ProPainter); give both at a mask for the
    PSNR within it.
    """
    error = cv2.norm(one, other, cv2.NORM_L2SQR) / one.size  # sums whole numbers, exactly
    return min(20 * math.log10(255 / math.sqrt(error)), CAP) if error else CAP

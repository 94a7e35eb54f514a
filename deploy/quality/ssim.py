"""Two pictures in, their structural similarity out, exactly as the papers on video inpainting compute it.

Z. Wang et al., Image quality assessment: from error visibility to structural similarity, IEEE Transactions on Image
Processing 13(4), 2004; with the parameters of skimage.measure.compare_ssim(data_range=255, multichannel=True,
win_size=65), which the papers call: a uniform window, sample covariance, and the mean over all channels and over those
pixels whose window lies wholly inside.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

WINDOW = 65  # pixels
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2

Samples = NDArray[np.float64]  # (h, w)


def ssim(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float | None:
    """Return the similarity of two (h, w, C) pictures, at most 1; None if they are smaller than the window.

    Only windows in which something differs are looked at: the others have a similarity of 1.
    """
    height, width, channels = one.shape
    if min(height, width) < WINDOW:
        return None
    away = np.ascontiguousarray(cv2.absdiff(one, other).reshape(height, -1))
    x, y, columns, rows = cv2.boundingRect(away)
    if not columns:
        return 1.0
    down = _windows(y, y + rows, height)
    across = _windows(x // channels, -(-(x + columns) // channels), width)
    similar = [
        _similarity(one[down, across, channel].astype(np.float64), other[down, across, channel].astype(np.float64))
        for channel in range(channels)  # one after the other: less memory, and what is in use stays in the cache
    ]
    differing = sum(channel.size for channel in similar)
    total = (height - WINDOW + 1) * (width - WINDOW + 1) * channels
    return float((sum(channel.sum() for channel in similar) + total - differing) / total)


def _windows(begin: int, end: int, size: int) -> slice:
    """Return all that lies in a window together with something between begin and end."""
    first, last = max(begin - WINDOW + 1, 0), min(end - 1, size - WINDOW)
    return slice(first, last + WINDOW)


def _similarity(x: Samples, y: Samples) -> Samples:
    """Return the similarity of every window that lies wholly inside two (h, w) channels, (h - 64, w - 64)."""
    count = WINDOW * WINDOW
    sum_x, sum_y = _sums(x), _sums(y)
    product, squares = sum_x * sum_y, sum_x * sum_x + sum_y * sum_y
    # Sums of whole numbers are exact in float64, so nothing is lost where two large ones are subtracted.
    covariance = (_sums(x * y) - product / count) / (count - 1)
    variances = (_sums(x * x + y * y) - squares / count) / (count - 1)
    product *= 2 / count**2
    squares /= count**2
    similar: Samples = ((product + C1) * (2 * covariance + C2)) / ((squares + C1) * (variances + C2))
    return similar


def _sums(values: Samples) -> Samples:
    """Return the sum of every window that lies wholly inside."""
    edge = WINDOW // 2
    sums = cv2.boxFilter(values, cv2.CV_64F, (WINDOW, WINDOW), normalize=False, borderType=cv2.BORDER_REFLECT)
    return np.ascontiguousarray(sums[edge:-edge, edge:-edge], np.float64)

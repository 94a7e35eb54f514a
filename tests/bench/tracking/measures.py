"""What was found and what is true in, how well they agree out.

F. Perazzi et al., A benchmark dataset and evaluation methodology for video object segmentation, CVPR 2016 (DAVIS).
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Region = NDArray[np.bool_]  # (H, W)

TOLERANCE = 0.008  # of the picture's diagonal: so far off, rounded up to pixels, a boundary is still right
QUARTERS = 4  # of a clip: the decay is how much the last is worse than the first


def region_similarity(found: Region, true: Region) -> float:
    """Return J, the intersection over the union, 0 to 1; two empty regions agree."""
    union = np.count_nonzero(found | true)
    return np.count_nonzero(found & true) / union if union else 1.0


def boundary_accuracy(found: Region, true: Region) -> float:
    """Return F, the harmonic mean of precision and recall of the boundary, 0 to 1; two empty ones agree.

    A boundary pixel is right if the other boundary passes within the tolerance, as in the original: matching by
    dilation with a disc, not one to one.
    """
    tolerance = np.ceil(TOLERANCE * np.hypot(*true.shape))
    edges = boundary(found), boundary(true)
    if not edges[0].any() and not edges[1].any():
        return 1.0
    precision, recall = (_share_near(*pair, tolerance) for pair in (edges, edges[::-1]))
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def boundary(region: Region) -> Region:
    """Return the pixels whose right, lower or lower right neighbour is on the other side, one pixel wide."""
    padded = np.pad(region, ((0, 1), (0, 1)), mode="edge")
    here, right, below, across = padded[:-1, :-1], padded[:-1, 1:], padded[1:, :-1], padded[1:, 1:]
    return np.asarray((here ^ right) | (here ^ below) | (here ^ across))


def decay(values: Sequence[float]) -> float:
    """Return how much lower the mean of a clip's last quarter is than that of its first."""
    if len(values) < QUARTERS:
        return float("nan")
    quarters = np.array_split(np.asarray(values), QUARTERS)
    return float(quarters[0].mean() - quarters[-1].mean())


def _share_near(edge: Region, other: Region, tolerance: float) -> float:
    if not edge.any() or not other.any():
        return 0.0
    away = cv2.distanceTransform((~other).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return float(np.mean(away[edge] <= tolerance))

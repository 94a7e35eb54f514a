"""A plate and a picture in, how the picture lies on the plate out: a similarity, found from corners of the plate.

Corners are tracked by pyramidal Lucas-Kanade (Bouguet 2001) from where they were last; what moves by itself is outvoted
(RANSAC, Fischler and Bolles 1981).
"""

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]  # (H, W)
Where = NDArray[np.bool_]  # (H, W)
Points = NDArray[np.float32]  # (n, 2) x, y
Matrix = NDArray[np.float64]  # (2, 3), pixels of the plate to pixels of the picture

CORNERS = 160
QUALITY = 0.01
APART = 7  # pixels between corners
WINDOW = (15, 15)
LEVELS = 3
CRITERIA = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 12, 0.03)
CLOSE = 1.0  # pixels: a corner that lies nearer to where the matrix puts it agrees
ENOUGH = 12  # corners that must agree ...
SHARE = 0.4  # ... and the share of those that were tracked
NEARLY = 0.2  # pixels at the picture's corners: a shift by so nearly whole pixels is taken for one


def corners(plate: Grey, still: Where) -> Points:
    """Return points of the plate that can be found again, where nothing moves."""
    found = cv2.goodFeaturesToTrack(plate, CORNERS, QUALITY, APART, mask=still.astype(np.uint8))
    return np.zeros((0, 2), np.float32) if found is None else np.asarray(found, np.float32).reshape(-1, 2)


def register(plate: Grey, picture: Grey, start: Points, guess: Matrix) -> Matrix | None:
    """Return the matrix of a picture of the plate's own exposure, from corners of the plate and a first guess.

    None if too few corners agree. A shift by nearly whole pixels is rounded, so that nothing needs to be resampled.
    """
    if len(start) < ENOUGH:
        return None
    expected = (start @ guess[:, :2].T + guess[:, 2]).astype(np.float32)
    how = {"winSize": WINDOW, "maxLevel": LEVELS, "criteria": CRITERIA, "flags": cv2.OPTFLOW_USE_INITIAL_FLOW}
    end, found, _ = cv2.calcOpticalFlowPyrLK(plate, picture, start, expected, **how)  # type: ignore[call-overload]
    there = np.asarray(found)[:, 0] == 1
    if np.count_nonzero(there) < ENOUGH:
        return None
    matrix, agree = cv2.estimateAffinePartial2D(start[there], end[there], ransacReprojThreshold=CLOSE, maxIters=300)
    if matrix is None or np.count_nonzero(agree) < max(ENOUGH, SHARE * np.count_nonzero(there)):
        return None
    whole = np.hstack([np.eye(2), np.rint(matrix[:, 2:])])
    return whole if _apart(matrix, whole, plate.shape) < NEARLY else np.asarray(matrix, np.float64)


def is_whole(matrix: Matrix) -> bool:
    """Whether a picture lies on the plate pixel on pixel."""
    return bool(np.array_equal(matrix[:, :2], np.eye(2)) and np.array_equal(matrix, np.rint(matrix)))


def _apart(one: Matrix, other: Matrix, shape: tuple[int, ...]) -> float:
    """Return how far apart two matrices put the picture's corners, at most, in pixels."""
    height, width = shape
    ends = np.array([[0, 0, 1], [width, 0, 1], [0, height, 1], [width, height, 1]], np.float64)
    return float(np.hypot(*((one - other) @ ends.T)).max())

"""Two reduced pictures in, how the camera moved between them out: a homography.

Corners (Shi and Tomasi 1994) are tracked off the object (Bouguet's pyramidal Lucas-Kanade) and fitted robustly
(MAGSAC, Barath et al. 2019).
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.segment.spot import Grey

CORNERS = 200
ENOUGH = 12  # corners that a motion must explain
STILL = 0.15  # reduced pixels: what moves less stands still
FAR = 0.4  # of the picture's width: a motion that throws a corner further is a mistake

Camera = NDArray[np.float64]  # (3, 3), from places in the frame before to places now


def camera_between(before: Grey, now: Grey, off: Grey) -> Camera:
    """Return the camera's motion; exactly the identity where it stood still or cannot be told.

    `off` is 255 in the frame before where corners may lie.
    """
    corners = cv2.goodFeaturesToTrack(before, CORNERS, 0.01, 6, mask=off)
    if corners is None or len(corners) < ENOUGH:
        return np.eye(3)
    moved, found, _ = cv2.calcOpticalFlowPyrLK(before, now, corners, corners.copy(), winSize=(11, 11), maxLevel=3)
    there = found[:, 0] > 0
    if there.sum() < ENOUGH or np.median(np.abs(moved - corners)[there].max(axis=(1, 2))) < STILL:
        return np.eye(3)
    camera, inliers = cv2.findHomography(corners[there], moved[there], cv2.USAC_MAGSAC, 1.0, maxIters=300)
    if camera is None or inliers.sum() < ENOUGH or not _is_sane(camera, before.shape):
        return np.eye(3)
    return np.asarray(camera, np.float64)


def _is_sane(camera: cv2.typing.MatLike, shape: tuple[int, ...]) -> bool:
    height, width = shape
    corners = np.array([[[0, 0]], [[width, 0]], [[0, height]], [[width, height]]], np.float32)
    moved = cv2.perspectiveTransform(corners, camera)
    return bool(np.isfinite(moved).all() and np.abs(moved - corners).max() < FAR * width)

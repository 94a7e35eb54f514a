"""Two views in, how the camera moved between them out: a homography.

Corners (Shi and Tomasi 1994) are tracked off the holes (Bouguet's pyramidal Lucas-Kanade) and fitted robustly
(MAGSAC, Barath et al. 2019).
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.inpaint.propagate.images import Floats, widened
from stages.inpaint.propagate.view import View
from transport.messages import Box

CORNERS = 300
WINDOW = 11  # small pixels a side around a corner that are tracked
INLIERS = 12  # fewer do not make a homography
STILL = 0.15  # small pixels: corners that move less than this stand still
SLOW = 1.0  # small pixels: a slower camera must prove that it moves
LESS = 0.1  # grey levels by which the views must agree better for it
FAR = 0.6  # of the picture's width: a homography that throws a corner further is a mistake
EYE = np.eye(3)

Camera = NDArray[np.float64]  # (3, 3) homography between two frames in small pixels


def camera_between(before: View, after: View) -> Camera:
    """Return how the camera moved; exactly nothing when it stood still or cannot be told."""
    off = np.where(widened(before.hole, 4), 0, 255).astype(np.uint8)
    corners = cv2.goodFeaturesToTrack(before.grey, CORNERS, 0.005, 7, mask=off)
    if corners is None or len(corners) < INLIERS:
        return EYE
    moved, found, _ = cv2.calcOpticalFlowPyrLK(
        before.grey, after.grey, corners, corners.copy(), winSize=(WINDOW, WINDOW), maxLevel=3
    )
    there = np.clip(np.rint(moved[:, 0]).astype(int), 0, (after.grey.shape[1] - 1, after.grey.shape[0] - 1))
    good = (found[:, 0] > 0) & ~after.hole[there[:, 1], there[:, 0]]
    if good.sum() < INLIERS:
        return EYE
    way = float(np.median(np.abs(moved - corners)[good].max(axis=(1, 2))))
    if way < STILL:
        return EYE
    camera, inliers = cv2.findHomography(corners[good], moved[good], cv2.USAC_MAGSAC, 1.5, maxIters=500)
    if camera is None or inliers.sum() < INLIERS or not _sane(camera, before.grey.shape):
        return EYE
    camera = np.asarray(camera, np.float64)
    return camera if way > SLOW or _explains(before, after, camera) else EYE


def _explains(before: View, after: View, camera: Camera) -> bool:
    """Say whether two views agree better after the camera's motion than as they are."""
    return disagreement(before, after, camera) < disagreement(before, after, EYE) - LESS


def disagreement(before: View, after: View, camera: Camera, most: int = 255) -> float:
    """Return by how many grey levels, each by `most` at most, two views differ after a motion, where both are known."""
    height, width = before.grey.shape
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    moved = cv2.warpPerspective(after.grey, camera, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    shown = cv2.absdiff(before.grey, moved)[~widened(before.hole | after.hole, 2)]
    return float(np.minimum(shown, most).mean()) if shown.size else 0.0


def is_still(camera: Camera) -> bool:
    """Say whether the camera stood still."""
    return bool(np.array_equal(camera, EYE))


def inverse(camera: Camera) -> Camera:
    """Return the way back."""
    return np.asarray(np.linalg.inv(camera), np.float64)


def plane_flow(camera: Camera, region: Box) -> Floats:
    """Return the (h, w, 2) vectors of a homography over a region."""
    x, y = grid(region)
    if is_still(camera):
        return np.zeros((*x.shape, 2), np.float32)
    c = camera.astype(np.float32)
    depth = c[2, 0] * x + c[2, 1] * y + c[2, 2]
    across = (c[0, 0] * x + c[0, 1] * y + c[0, 2]) / depth - x
    down = (c[1, 0] * x + c[1, 1] * y + c[1, 2]) / depth - y
    return np.stack([across, down], axis=-1)


def grid(region: Box) -> tuple[Floats, Floats]:
    """Return the places of a region's pixels, across and down, each (h, w)."""
    rows, columns = np.indices((region.height, region.width), np.float32)
    return columns + np.float32(region.x), rows + np.float32(region.y)


def _sane(camera: NDArray[np.floating], shape: tuple[int, ...]) -> bool:
    height, width = shape
    corners = np.array([[[0, 0]], [[width, 0]], [[0, height]], [[width, height]]], np.float32)
    moved = cv2.perspectiveTransform(corners, camera)
    invertible = abs(np.linalg.det(camera)) > 1e-6
    return bool(invertible and np.isfinite(moved).all() and np.abs(moved - corners).max() < FAR * width)

"""What two pictures look like beside each other: outlines, differences, panels."""

import cv2
import numpy as np

from deploy.quality.pictures import Known, Picture

GAIN = 4  # so often is a difference shown
LINE = np.array((255, 64, 96), np.uint8)  # around the hole


def difference(reference: Picture, output: Picture) -> Picture:
    """Return GAIN times the absolute difference: black where both are alike."""
    return np.asarray(cv2.convertScaleAbs(cv2.absdiff(reference, output), alpha=GAIN), np.uint8)


def outlined(picture: Picture, hole: Known | None) -> Picture:
    """Return the picture with a thin line around the hole, on the outside: nothing that was filled is covered."""
    if hole is None or not hole.any():
        return picture
    mask, cross = hole.astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    marked = picture.copy()
    marked[cv2.dilate(mask, cross) > mask] = LINE
    return marked


def even(picture: Picture) -> Picture:
    """Return a picture whose sides are even, as video encoders want them: the last row and column may repeat."""
    height, width = picture.shape[:2]
    return np.pad(picture, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")

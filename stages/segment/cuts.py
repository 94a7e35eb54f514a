"""Finds the frames at which a new shot begins, from the brightness of the frames so far.

A thumbnail is cut into nine parts, and each is looked for in the thumbnail before, shifted by up to a fifth of the
picture: a pan moves the parts, an object in front covers some, only a cut loses them all. Means are taken away and
contrast is divided out (normalised correlation, Lewis 1995), so light may change; flat pictures (a flash, a fade
through black) cannot be compared and are skipped.

The numbers were chosen on 30 DAVIS clips (Perazzi et al. 2016): no cut found within any, and each of the 870 ways
of putting one clip after another found.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 80, 45  # pixels of the thumbnail
PARTS = 3  # across and down
REACH = (16, 8)  # pixels of the thumbnail, across and down, that a picture may move from frame to frame
DETAIL = 2.0  # pixels: sigma of what counts as detail; anything coarser is alike in too many pictures
FLAT = 1.0  # standard deviation, of 255: parts with less detail say nothing
ENOUGH = 3  # parts with detail that a picture needs to be compared
SECOND_BEST = 80  # percentile of the parts: up to seven of nine may be covered
SUDDEN = 0.65  # of the usual likeness: where every frame is unlike the one before (blur, water), it takes more
USUAL = 0.9  # the likeness of frames, before any was seen
MEMORY = 0.2  # how fast the usual likeness follows

Thumbnail = NDArray[np.float32]  # (HEIGHT, WIDTH), detail around 0


class CutDetector:
    """Judges frame after frame; holds two thumbnails."""

    def __init__(self, threshold: float = 0.55) -> None:
        """Take the likeness, 0 to 1, below which a frame may begin a shot; 0 finds no cut at all."""
        self._threshold = threshold
        self._usual = USUAL
        self._before: list[Thumbnail] = []  # the last two that were not flat, newest first

    def step(self, luma: NDArray[np.uint8]) -> bool:
        """Return whether this frame, (H, W) brightness, begins a new shot; the first of all does not."""
        detail = _detail(luma)
        if np.count_nonzero(_spread(detail) >= FLAT) < ENOUGH:
            return False
        cut = bool(self._before) and self._is_cut(detail)
        self._before = [detail] if cut else [detail, *self._before[:1]]
        return cut

    def _is_cut(self, detail: Thumbnail) -> bool:
        limit = min(self._threshold, SUDDEN * self._usual)
        likeness = _likeness(self._before[0], detail)
        # A single odd frame, such as a half-lit flash, is not what the next one must be compared with alone.
        if likeness < limit and all(_likeness(older, detail) < limit for older in self._before[1:]):
            self._usual = USUAL
            return True
        self._usual += MEMORY * (likeness - self._usual)
        return False


def _detail(luma: NDArray[np.uint8]) -> Thumbnail:
    """Return the thumbnail without its coarse shades; looking at every n-th pixel only, it costs next to nothing."""
    step = max(1, min(luma.shape[1] // (2 * WIDTH), luma.shape[0] // (2 * HEIGHT)))
    small = cv2.resize(luma[::step, ::step], (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA).astype(np.float32)
    detail: Thumbnail = small - cv2.GaussianBlur(small, (0, 0), DETAIL)
    return detail


def _spread(detail: Thumbnail) -> NDArray[np.float32]:
    width, height = WIDTH // PARTS, HEIGHT // PARTS
    parts = detail[: height * PARTS, : width * PARTS].reshape(PARTS, height, PARTS, width)
    spread: NDArray[np.float32] = parts.std(axis=(1, 3))
    return spread


def _likeness(before: Thumbnail, after: Thumbnail) -> float:
    """Return, -1 to 1, how well the parts of one thumbnail are found in the other."""
    width, height = WIDTH // PARTS, HEIGHT // PARTS
    found = []
    for row, column in np.argwhere(_spread(after) >= FLAT):
        x, y = int(column) * width, int(row) * height
        rows = slice(max(y - REACH[1], 0), y + height + REACH[1])
        columns = slice(max(x - REACH[0], 0), x + width + REACH[0])
        part = after[y : y + height, x : x + width]
        found.append(cv2.matchTemplate(before[rows, columns], part, cv2.TM_CCOEFF_NORMED).max())
    return float(np.percentile(found, SECOND_BEST))

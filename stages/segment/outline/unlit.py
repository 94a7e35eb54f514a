"""One frame in, where it looks like a shadow beside an object out: for ground that was never seen without it.

What is darker than the ground around it, with the ground's own chroma. The ground is the median over a window larger
than a shadow; where it has strong contrasts of its own, nothing is said. A shadow under an overcast sky is faint and
has no border, so it is also looked for in the mean over a few pixels, in which the grain of the ground is gone.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.segment.outline.plate import Flags, Logs, log_ratio
from stages.segment.outline.reduced import Picture, mean
from stages.segment.outline.shade import is_even, is_shade
from stages.segment.spot import Grey

Coarse = NDArray[np.uint8]  # (h, w, 3)
Ground = tuple[Picture, Logs]  # (h, w, 3) and (h, w)

COARSE = 4  # reduced pixels each way that the ground is looked at in
WINDOW = 0.9  # of the object's longer side: what the median is taken over
LARGEST = 41  # coarse pixels of that window
DARKER = 0.25  # log: a fainter shadow is not told from the ground by single pixels of one frame ...
FAINT, ROUGHER = 0.07, 2.0  # ... but by means of many: no fainter than that, nor than so many times the roughness
MEANS = ((9, 1.0), (3, 0.5))  # reduced pixels a side, and share of that: a border's mean is dark, its pixels are not
LARGE = 0.08  # of the area of the object with its soft edge: smaller patches are as faint on any ground
EDGE = np.ones((3, 3), np.uint8)
PLAIN = 0.1  # log: the median deviation of ground that is plain enough to be judged


def coarse(seen: Picture, hidden: Flags) -> Coarse:
    """Return the picture much reduced, what is hidden replaced by the mean of what lies around it."""
    height, width = hidden.shape
    size = max(width // COARSE, 4), max(height // COARSE, 4)
    weight = (~hidden).astype(np.float32)
    share = cv2.resize(weight, size, interpolation=cv2.INTER_AREA)[..., None]
    small = cv2.resize(seen * weight[..., None], size, interpolation=cv2.INTER_AREA)
    wide = max(size) // 8 * 2 + 1
    around = cv2.blur(small, (wide, wide)) / np.maximum(cv2.blur(share, (wide, wide)), 1e-3)[..., None]
    return np.clip((small + around * 1e-3) / (share + 1e-3), 0, 255).astype(np.uint8)


def window_for(inside: Grey) -> int:
    """Return the coarse pixels of the window that shows the ground around an object, which is 255 there."""
    _, _, width, height = cv2.boundingRect(inside)
    return min(int(max(width, height) * WINDOW / COARSE) // 2 * 2 + 3, LARGEST)


def ground_of(coarse: Coarse, window: int, shape: tuple[int, ...]) -> Ground:
    """Return what the ground looks like, over the (h, w) of the reduced picture, and how rough it is (log)."""
    middle = cv2.medianBlur(coarse, window)
    off = np.clip(np.abs(mean(log_ratio(coarse, middle))) * 255, 0, 255).astype(np.uint8)
    return _enlarged(middle, shape), _enlarged(cv2.medianBlur(off, window), shape) / np.float32(255)


def unlit(seen: Picture, hidden: Flags, ground: Ground, inside: Grey) -> Flags:
    """Return where the ground of a part of the picture is in shadow; `inside` is 255 where the object is, anywhere."""
    level, rough = ground
    least = LARGE * np.count_nonzero(cv2.dilate(inside, EDGE))
    plain: Flags = (rough < PLAIN) & ~hidden
    return plain & (_crisp(seen, level, hidden) | _large(_soft(seen, level, rough, hidden), least))


def _crisp(seen: Picture, ground: Picture, hidden: Flags) -> Flags:
    ratio = log_ratio(cv2.blur(seen, (3, 3)), ground)
    change = mean(ratio)
    fits = (change < -DARKER) & is_shade(ratio) & ~hidden
    found: Flags = fits & is_even(change, fits)
    return found


def _soft(seen: Picture, ground: Picture, rough: Logs, hidden: Flags) -> Flags:
    weight = (~hidden).astype(np.float32)
    faint = np.maximum(np.float32(FAINT), np.float32(ROUGHER) * rough)
    ground_alone, fits = seen * weight[..., None], ~hidden
    for side, part in MEANS:
        share = cv2.blur(weight, (side, side)) + np.float32(1e-3)
        ratio = log_ratio(cv2.blur(ground_alone, (side, side)) / share[..., None], ground)
        fits &= (mean(ratio) < -np.float32(part) * faint) & is_shade(ratio)
    return fits


def _large(flags: Flags, least: float) -> Flags:
    _, labels, sizes, _ = cv2.connectedComponentsWithStats(flags.view(np.uint8), connectivity=8)
    large = sizes[:, cv2.CC_STAT_AREA] >= least
    return np.asarray(large[labels] & flags, np.bool_)


def _enlarged(coarse: cv2.typing.MatLike, shape: tuple[int, ...]) -> NDArray[np.float32]:
    return np.asarray(cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)

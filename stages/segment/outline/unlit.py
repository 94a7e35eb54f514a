"""One frame in, where it looks like a shadow beside an object out: for ground that was never seen without it.

What is darker than the ground around it, with the ground's own chroma. The ground is the median over a window larger
than a shadow; where it has strong contrasts of its own, nothing is said.
"""

import cv2
import numpy as np

from stages.segment.outline.plate import Flags, log_ratio
from stages.segment.outline.reduced import Picture, mean
from stages.segment.outline.shade import is_even, is_shade

COARSE = 4  # reduced pixels each way that the ground is looked at in
WINDOW = 0.9  # of the object's longer side: what the median is taken over
LARGEST = 41  # coarse pixels of that window
DARKER = 0.25  # log: a fainter shadow is not told from the ground by one frame alone
PLAIN = 0.1  # log: the median deviation of ground that is plain enough to be judged


def unlit(seen: Picture, hidden: Flags, longer: int) -> Flags:
    """Return where ground is in shadow; `longer` is the longer side of the object, in pixels of this picture."""
    height, width = hidden.shape
    size = max(width // COARSE, 4), max(height // COARSE, 4)
    coarse = _without(seen, hidden, size)
    window = min(int(longer * WINDOW / COARSE) // 2 * 2 + 3, LARGEST)
    ground = cv2.medianBlur(coarse, window)
    off = np.abs(mean(log_ratio(coarse, ground)))
    rough = cv2.medianBlur(np.clip(off * 255, 0, 255).astype(np.uint8), window)
    whole = width, height
    ground = cv2.resize(ground, whole, interpolation=cv2.INTER_LINEAR).astype(np.float32)
    plain = cv2.resize(rough, whole, interpolation=cv2.INTER_LINEAR) < 255 * PLAIN
    ratio = log_ratio(cv2.blur(seen, (3, 3)), ground)
    change = mean(ratio)
    fits = (change < -DARKER) & is_shade(ratio) & plain & ~hidden
    found: Flags = fits & is_even(change, fits)
    return found


def _without(seen: Picture, hidden: Flags, size: tuple[int, int]) -> cv2.typing.MatLike:
    """Return the coarse picture, the object's pixels replaced by the mean of what lies around them."""
    weight = (~hidden).astype(np.float32)
    share = cv2.resize(weight, size, interpolation=cv2.INTER_AREA)[..., None]
    coarse = cv2.resize(seen * weight[..., None], size, interpolation=cv2.INTER_AREA)
    wide = max(size) // 8 * 2 + 1
    around = cv2.blur(coarse, (wide, wide)) / np.maximum(cv2.blur(share, (wide, wide)), 1e-3)[..., None]
    return np.clip((coarse + around * 1e-3) / (share + 1e-3), 0, 255).astype(np.uint8)

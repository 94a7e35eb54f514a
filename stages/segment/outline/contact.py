"""The thin dark line where an object stands: below its mask as it is shown, taken in where the picture shows it."""

import cv2
import numpy as np

from stages.segment.spot import Grey

THIN = 0.012  # of the picture's height: a contact shadow is no higher
DARKER = 0.85  # of the brightness beyond the band
BLACK = 16  # brightness that may be black


def contact(inside: Grey, luma: Grey, height: int) -> Grey:
    """Return 0 and 255, (h, w), as `inside` is, with the dark pixels straight below it, connected to it by dark ones.

    `luma` shows the same box; it should reach `reach(height)` pixels further down than the object, `height` being
    that of the whole picture. Darker means: than what lies two bands further down.
    """
    band = reach(height) // 3
    smooth = cv2.blur(luma, (5, 3))
    beyond = np.empty_like(smooth)
    beyond[: -2 * band], beyond[-2 * band :] = smooth[2 * band :], smooth[-1]
    # The blur mixes in the object itself just below it, but not two bands further down.
    dark = luma < cv2.addWeighted(beyond, DARKER, beyond, 0, BLACK * (1 - DARKER))
    taken, last = inside > 0, inside > 0
    for _ in range(band):
        below = dark & ~taken
        below[0], below[1:] = False, below[1:] & last[:-1]
        taken, last = taken | below, below
    return taken.view(np.uint8) * np.uint8(255)


def reach(height: int) -> int:
    """Return how far below an object is looked, in a picture of that height."""
    return 3 * max(2, round(THIN * height))

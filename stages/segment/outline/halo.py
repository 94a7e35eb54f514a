"""How far compression carries an object's edge beyond it, from the blocks that can be seen in the picture.

Ringing ends with the transform block that holds the edge, so at most 7 pixels from it (measured with JPEG, MPEG-4 and
H.264: at a distance of 4 it is a third of what it is at 1, and then falls to the codec's noise). A margin of 4 hides
what fine compression leaves; where blocks show, MORE pixels make it 7. Blockiness is the step across block borders
over that within blocks (after Wang, Sheikh and Bovik, "No-reference perceptual quality assessment of JPEG compressed
images", ICIP 2002): 0.9 to 1.05 in clean pictures, 1.3 to 1.5 at JPEG quality 50, 1.7 to 2.1 at 20.
"""

import cv2
import numpy as np

from stages.segment.spot import Grey

BLOCK = 8  # pixels
CLEAN, BLOCKY = 1.1, 1.4  # blockiness from which the margin grows, and at which it is widest
MORE = 3  # pixels
LEAST = 200  # pixels: in a smaller picture chance speaks louder than its compression
EVERY = 8  # rows and columns of which one is looked at
MEMORY = 0.1  # how fast the measure follows
NOISE = 0.3  # grey levels: steps smaller than this are none


class Halo:
    """Follows the blockiness of the picture; holds a number."""

    def __init__(self) -> None:
        self._blockiness: float | None = None

    def step(self, luma: Grey) -> int:
        """Return by how many pixels more a mask should grow in the next frame, of (H, W) brightness."""
        if min(luma.shape) >= LEAST:
            now = blockiness(luma)
            last = now if self._blockiness is None else self._blockiness
            self._blockiness = last + MEMORY * (now - last)
        share = ((self._blockiness or CLEAN) - CLEAN) / (BLOCKY - CLEAN)
        return round(MORE * min(max(share, 0), 1))

    def forget(self) -> None:
        """Know that the next frame begins a new shot."""
        self._blockiness = None


def blockiness(luma: Grey) -> float:
    """Return the mean step across the borders of 8x8 blocks over that within blocks; 1 is none."""
    return (_ratio(luma[EVERY // 2 :: EVERY]) + _ratio(luma[:, EVERY // 2 :: EVERY].T)) / 2


def _ratio(lines: Grey) -> float:
    lines = np.ascontiguousarray(lines)
    steps = cv2.absdiff(lines[:, 1:], lines[:, :-1]).mean(axis=0)
    place = np.arange(len(steps)) % BLOCK
    border, within = steps[place == BLOCK - 1], steps[(place > 0) & (place < BLOCK - 2)]
    return float((border.mean() + NOISE) / (within.mean() + NOISE))

"""Two pictures of one scope in, where every pixel came from and how well that is known out.

Dense inverse search (Kroeger et al., Fast Optical Flow using Dense Inverse Search, ECCV 2016), there and back.
"""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
Floats = NDArray[np.float32]

SMALLEST = 32  # pixels a side of what is matched; smaller pictures are continued
FLATTEST = 0.4  # of its width: OpenCV goes by the width alone, and reads beyond pictures that are lower


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Motion:
    """How one picture came out of the one before."""

    back: Floats  # (h, w, 2) where a pixel was before, less where it is
    missed: Floats  # (h, w) pixels by which the way there and back misses its start


def motion_between(before: Grey, now: Grey) -> Motion:
    """Return the motion from one (h, w) brightness to the next."""
    back, ahead = _match(now, before), _match(before, now)
    home = follow(ahead, back) + back
    return Motion(back=back, missed=np.hypot(home[..., 0], home[..., 1]))


def follow(values: Floats, flow: Floats) -> Floats:
    """Return the (h, w) or (h, w, n) values at which a flow of the same size arrives."""
    x, y = grid(flow.shape[0], flow.shape[1])
    there = x + flow[..., 0], y + flow[..., 1]
    return np.asarray(cv2.remap(values, *there, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)


def grid(height: int, width: int) -> tuple[Floats, Floats]:
    """Return every pixel's place, across and down, each (h, w)."""
    rows, columns = np.indices((height, width), np.float32)
    return columns, rows


def _match(here: Grey, there: Grey) -> Floats:
    height, width = here.shape
    columns = max(width, SMALLEST)
    more = max(SMALLEST, int(np.ceil(FLATTEST * columns)), height) - height, columns - width
    one, other = (cv2.copyMakeBorder(side, 0, more[0], 0, more[1], cv2.BORDER_REPLICATE) for side in (here, there))
    start = np.zeros((*one.shape, 2), np.float32)
    return np.asarray(_search().calc(one, other, start)[:height, :width], np.float32)


@cache
def _search() -> cv2.DISOpticalFlow:
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    search.setVariationalRefinementIterations(3)
    return search

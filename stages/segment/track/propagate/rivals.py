"""Two pictures and the motion between them in, whether object or surroundings explain each pixel better out.

Every pixel is looked for near where the motion says that it was, once among what was the object and once among what
was not (Voigtlaender et al., FEELVOS: local matching, CVPR 2019; here with descriptors made by hand).
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.compiled import Number, compiled

Floats = NDArray[np.float32]
Lab = NDArray[np.uint8]

REACH = 4  # working pixels around where the motion says
MEAN = 5  # working pixels a side: what counts as a pixel's surroundings
PENALTY = 2.0  # for a pixel of way, squared ...
WORST = 60.0  # what no pixel of a class in reach costs


def describe(lab: Lab) -> Floats:
    """Return the (h, w, 8) descriptors of a picture: its colours, those around, and the slope of its brightness."""
    colours = lab.astype(np.float32)
    colours[..., 0] *= 0.7
    around = cv2.blur(colours, (MEAN, MEAN))
    shade = cv2.GaussianBlur(colours[..., 0], (3, 3), 0)
    across = cv2.Sobel(shade, cv2.CV_32F, 1, 0, scale=0.25)
    down = cv2.Sobel(shade, cv2.CV_32F, 0, 1, scale=0.25)
    return np.asarray(np.concatenate([colours, around, across[..., None], down[..., None]], axis=2), np.float32)


def rivalry(now: Floats, before: Floats, inside: NDArray[np.bool_], back: Floats, asked: NDArray[np.bool_]) -> Floats:
    """Return (h, w) by how much the object explains a pixel better than its surroundings; 0 where not asked."""
    better = np.zeros(now.shape[:2], np.float32)
    _match(now, before, inside, back, asked, np.int64(REACH), np.float32(PENALTY), np.float32(WORST), better)
    return better


@compiled
def _match(
    now: Floats,
    before: Floats,
    inside: NDArray[np.bool_],
    back: Floats,
    asked: NDArray[np.bool_],
    reach: Number,
    penalty: Number,
    worst: Number,
    better: Floats,
) -> None:
    height, width, depth = now.shape
    for row in range(height):
        for column in range(width):
            if not asked[row, column]:
                continue
            y, x = round(row + back[row, column, 1]), round(column + back[row, column, 0])
            thing, ground = worst * worst, worst * worst
            for there_y in range(max(y - reach, 0), min(y + reach + 1, height)):
                for there_x in range(max(x - reach, 0), min(x + reach + 1, width)):
                    cost = penalty * ((there_y - y) ** 2 + (there_x - x) ** 2)
                    for k in range(depth):
                        apart = now[row, column, k] - before[there_y, there_x, k]
                        cost += apart * apart
                    if inside[there_y, there_x]:
                        thing = min(thing, cost)
                    else:
                        ground = min(ground, cost)
            better[row, column] = np.sqrt(ground) - np.sqrt(thing)

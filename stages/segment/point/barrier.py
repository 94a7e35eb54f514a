"""How hard a pixel is to reach from others: the minimum barrier distance, which rises with what colours lie between.

Background that reaches into a box is reached from its sides without crossing an edge, whatever its colour. Scanned to
and fro as in Zhang et al., Minimum barrier salient object detection at 80 FPS, ICCV 2015.
"""

import numpy as np

from stages.compiled import Number, compiled
from stages.segment.point.area import Flags, Map

PASSES = 4  # two each way
FAR = np.float32(1e6)


def barrier(picture: Map, start: Flags) -> Map:
    """Return, for (h, w, C) values, the least range of values, summed over C, on a way from any pixel of `start`."""
    return _scan(np.ascontiguousarray(picture, np.float32), np.ascontiguousarray(start), PASSES)


@compiled
def _scan(picture: Map, start: Flags, passes: Number) -> Map:
    height, width, channels = picture.shape
    distance = np.where(start, np.float32(0), FAR)
    highest, lowest = picture.copy(), picture.copy()
    for step in range(passes):
        back = 1 if step % 2 == 0 else -1  # from above and the left, then from below and the right
        for row in range(height):
            y = row if back == 1 else height - 1 - row
            for column in range(width):
                x = column if back == 1 else width - 1 - column
                for side in range(2):
                    ny, nx = (y - back, x) if side else (y, x - back)
                    if ny < 0 or nx < 0 or ny >= height or nx >= width or distance[ny, nx] >= FAR:
                        continue
                    reached = np.float32(0)
                    for c in range(channels):
                        value = picture[y, x, c]
                        reached += max(highest[ny, nx, c], value) - min(lowest[ny, nx, c], value)
                    if reached < distance[y, x]:
                        distance[y, x] = reached
                        for c in range(channels):
                            highest[y, x, c] = max(highest[ny, nx, c], picture[y, x, c])
                            lowest[y, x, c] = min(lowest[ny, nx, c], picture[y, x, c])
    return distance

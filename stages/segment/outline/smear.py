"""An object in motion is blurred beyond its outline: the mask is grown along its way while the shutter was open."""

import cv2
import numpy as np

from stages.segment.outline.motion import Vectors, Way, shrunk
from stages.segment.spot import Grey, Spot, expand, unite
from transport.messages import PictureFormat

EXPOSURE = 0.5  # of the time between two frames, for which a film camera's shutter is open ("180 degrees")
FARTHEST = 8  # reduced pixels to either side: what moves faster is blurred into nothing
LEAST = 0.75  # pixels: less blur is hidden by any margin
PART = 85  # of 255: a reduced pixel of which so much is the object's is blurred by it


def smear(spot: Spot, way: Way, picture: PictureFormat) -> Spot:
    """Return the object, 0 and 255, grown both ways by half of how far it moved while the shutter was open.

    Works at the way's reduced size: what is blurred has no fine outline.
    """
    inside = shrunk(spot, way.box, way.n)
    half = np.clip(way.back * np.float32(EXPOSURE / 2 / way.n), -FARTHEST, FARTHEST)
    speed = float(np.abs(half[inside > 0]).max(initial=0))
    if speed * way.n < LEAST:
        return spot
    blurred = _drawn_out(inside, half, int(np.ceil(speed)))
    box = way.within(expand(spot.box, (int(np.ceil(speed)) + 1) * way.n, picture))
    over = way.over(blurred, box)
    return unite([spot, Spot(box=box, values=np.where(over >= PART, np.uint8(255), np.uint8(0)))]) or spot


def _drawn_out(inside: Grey, half: Vectors, steps: int) -> Grey:
    rows, columns = np.indices(inside.shape, np.float32)
    most = inside
    for share in [np.float32(sign * (i + 1) / steps) for i in range(steps) for sign in (-1, 1)]:
        x, y = columns + half[..., 0] * share, rows + half[..., 1] * share
        moved = cv2.remap(inside, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        most = np.maximum(most, np.asarray(moved, np.uint8))
    return most

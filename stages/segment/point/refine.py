"""A small outline in, the same at the picture's own size out, drawn to its edges.

The fast guided filter (He and Sun 2015): around every pixel the outline is written as a linear function of the
picture's colours at a moderate size, which is then applied at full size.
"""

import cv2
import numpy as np

from stages.segment.point.area import Area, Map
from stages.segment.spot import Spot
from stages.segment.view import View

SIDE = 512  # pixels of the longer side, at which the function is found
RADIUS = 0.012  # of the longer side: how far an outline is moved to an edge
SOFTNESS = 40.0  # grey levels squared: variance that is not yet an edge


def refine(view: View, area: Area, share: Map) -> Spot:
    """Return the outline of an area, 0 to 1 of its small pixels, as a spot."""
    place = area.place
    size = place.width, place.height
    grey = view.luma[place.y : place.y + place.height, place.x : place.x + place.width]
    scale = min(1.0, SIDE / max(size))
    middle = max(2, round(size[0] * scale)), max(2, round(size[1] * scale))
    small = cv2.resize(grey, middle, interpolation=cv2.INTER_AREA).astype(np.float32)
    slope, level = _guided(small, np.asarray(cv2.resize(share, middle, interpolation=cv2.INTER_LINEAR), np.float32))
    steep, high = (cv2.resize(one, size, interpolation=cv2.INTER_LINEAR) for one in (slope, level))
    values = np.clip(np.rint((steep * grey + high) * 255.5), 0, 255).astype(np.uint8)
    return Spot(box=place, values=values)


def _guided(grey: Map, share: Map) -> tuple[Map, Map]:
    """Return slope and level, so that share is near slope * grey + level around every pixel."""
    side = 2 * max(1, round(RADIUS * max(grey.shape))) + 1

    def mean(values: Map) -> Map:
        return np.asarray(cv2.blur(values, (side, side), borderType=cv2.BORDER_REPLICATE), np.float32)

    average, shares = mean(grey), mean(share)
    slope = (mean(grey * share) - average * shares) / (mean(grey * grey) - average**2 + np.float32(SOFTNESS))
    return mean(slope), mean(shares - slope * average)

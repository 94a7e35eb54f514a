"""A hint in, the plainest spot that it allows out: what a segmenter gives where it found nothing better."""

import cv2
import numpy as np

from stages.segment.point.segmenter import Hint, Point
from stages.segment.spot import Spot, enclose, rectangle, sure, tight
from stages.segment.view import View
from transport.messages import Box

DISC = 0.01  # of the picture's longer side: radius of a disc around a point


def fallback(view: View, hint: Hint) -> Spot:
    """Return the box, the older outline, small discs around the points, or the whole picture."""
    if hint.box is not None:
        return rectangle(hint.box)
    older = sure(hint.spot)
    return older if older is not None else _discs(view, hint)


def _discs(view: View, hint: Hint) -> Spot:
    radius = max(1, round(DISC * max(view.width, view.height)))
    boxes = [_square(view, point, radius) for point in hint.points]
    box = enclose(boxes) if boxes else Box(x=0, y=0, width=view.width, height=view.height)
    drawn = np.zeros((box.height, box.width), np.uint8)
    for point in hint.points:
        cv2.circle(drawn, (point.x - box.x, point.y - box.y), radius, 255, cv2.FILLED)
    return tight(drawn > 0, box) or rectangle(box)


def _square(view: View, point: Point, radius: int) -> Box:
    x, y = max(0, point.x - radius), max(0, point.y - radius)
    right, bottom = min(view.width, point.x + radius + 1), min(view.height, point.y + radius + 1)
    return Box(x=x, y=y, width=right - x, height=bottom - y)

"""A hint in, the boxes that it may mean out: its own, that of an older outline, or of what grows around its points.

A point on a wheel may mean the wheel, the car, or the car and its driver. What can be reached from the points grows
with the colours and motions that may lie between (nested level sets of the barrier distance); every size of it at
which it is one thing for a while is a guess.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from stages.segment.point.area import LEAST, Map, around
from stages.segment.point.barrier import barrier
from stages.segment.point.motion import Moves, moves
from stages.segment.point.segmenter import Hint
from stages.segment.spot import enclose, enlarge, overlap
from stages.segment.view import View
from transport.messages import Box

SIDE = 128  # pixels of the longer side, on which points grow
SHARES = (0.004, 0.01, 0.02, 0.04, 0.08, 0.15, 0.3)  # of the picture, that an object may cover
ALIKE = 0.7  # intersection over union of boxes that are not worth two tries
DRIFT = 0.15  # of an older outline's box, that the object may have grown since
MOTION = 25.0  # of L*a*b*, that one unit of log motion is worth
MOST_BARRIERS = 1e5


def guesses(view: View, hint: Hint, window: Sequence[View] = ()) -> list[Box]:
    """Return one box or several, never none."""
    if hint.box is not None:
        return [_with_points(hint.box, hint)]
    if hint.spot is not None:
        return [_with_points(enlarge(hint.spot.box, DRIFT, view.frame.format, least=LEAST), hint)]
    whole = Box(x=0, y=0, width=view.width, height=view.height)
    return (_grown(view, hint, window) if hint.points else []) or [whole]


def _with_points(box: Box, hint: Hint) -> Box:
    """Return the box with all points that are on the object."""
    return enclose([box, *(Box(x=point.x, y=point.y, width=1, height=1) for point in hint.points)])


def _grown(view: View, hint: Hint, window: Sequence[View]) -> list[Box]:
    whole = Box(x=0, y=0, width=view.width, height=view.height)
    area = around(view, whole, SIDE)
    height, width = area.across.shape
    lab = cv2.cvtColor(area.picture.astype(np.float32) / np.float32(255), cv2.COLOR_BGR2Lab)
    layers = np.dstack([cv2.GaussianBlur(lab, (0, 0), 1.0), *map(_layers, moves(view, window, whole, area))])
    starts, stops = np.zeros((height, width), np.bool_), np.zeros((height, width), np.bool_)
    for points, flags in ((hint.points, starts), (hint.background, stops)):
        for point in points:
            flags[point.y * height // view.height, point.x * width // view.width] = True
    distance = barrier(layers, starts)
    if stops.any():
        distance = np.where(barrier(layers, stops) < distance, np.float32(MOST_BARRIERS), distance)
    boxes: list[Box] = []
    for share in SHARES:
        box = _with_points(_box(distance <= np.quantile(distance, share), starts, view), hint)
        if all(overlap(box, other) < ALIKE for other in boxes):
            boxes.append(box)
    return boxes


def _layers(one: Moves) -> Map:
    return np.asarray(np.sign(one) * np.log1p(np.abs(one)) * MOTION, np.float32)


def _box(reached: np.ndarray, starts: np.ndarray, view: View) -> Box:
    """Return the box in the picture of what is reached; small specks away from it do not count."""
    opened = cv2.morphologyEx(reached.view(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) | starts.view(np.uint8)
    _, labels = cv2.connectedComponents(opened, connectivity=8)
    kept = np.isin(labels, labels[starts]).view(np.uint8)
    x, y, across, down = cv2.boundingRect(kept)
    height, width = reached.shape
    left, top = x * view.width // width, y * view.height // height
    right, bottom = -(-(x + across) * view.width // width), -(-(y + down) * view.height // height)
    return Box(x=left, y=top, width=min(right, view.width) - left, height=min(bottom, view.height) - top)

"""What belongs to a class, pixel by pixel, in; its connected pieces as detections out."""

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.segment.detect.detector import Detection
from stages.segment.spot import SURE, Spot
from transport.messages import Box

SMALLEST = 0.0008  # of the picture: less is no object
MOST = 32  # pieces of a class in a picture, the largest


def pieces(label: str, values: NDArray[np.uint8]) -> list[Detection]:
    """Return the connected pieces of an (H, W) picture, 0 to 255 with 128 as the outline; best first.

    The score is the mean of the surer half of the piece. Two that touch are one.
    """
    found_in = cv2.connectedComponentsWithStats((values >= SURE).view(np.uint8), connectivity=8)
    numbers, statistics = np.asarray(found_in[1], np.int32), np.asarray(found_in[2], np.int32)
    areas = statistics[1:, cv2.CC_STAT_AREA]
    order = [i for i in np.argsort(-areas, kind="stable")[:MOST] if areas[i] >= SMALLEST * values.size]
    found = [_piece(label, values, numbers, int(i) + 1, statistics[i + 1]) for i in order]
    return sorted(found, key=lambda detection: -detection.score)


def _piece(
    label: str, values: NDArray[np.uint8], numbers: NDArray[np.int32], number: int, statistics: NDArray[np.int32]
) -> Detection:
    x, y, width, height = (int(value) for value in statistics[:4])
    part = slice(y, y + height), slice(x, x + width)
    mine = np.where(numbers[part] == number, values[part], np.uint8(0))
    inside = mine[mine > 0]
    score = float(inside[inside >= np.median(inside)].mean()) / 255
    box = Box(x=x, y=y, width=width, height=height)
    return Detection(label=label, score=score, box=box, spot=Spot(box=box, values=mine))

"""Detectors see frames as they are shown, whichever way they are stored."""

import cv2
import numpy as np
import pytest

from stages.segment.detect.detector import Detection
from stages.segment.detect.upright import Upright
from stages.segment.spot import Spot
from stages.segment.view import View
from transport.messages import Box, Frame, PictureFormat

WIDTH, HEIGHT = 64, 48


class Bright:
    """A detector of what is bright; remembers what it was shown."""

    def __init__(self):
        self.shown = []

    def detect(self, view):
        self.shown.append(view.bgr)
        values = view.bgr[..., 0].copy()
        x, y, width, height = cv2.boundingRect((values >= 128).view(np.uint8))
        box = Box(x=x, y=y, width=width, height=height)
        spot = Spot(box=box, values=values[y : y + height, x : x + width])
        return [Detection(label="person", score=0.9, box=box, spot=spot)]


def stored(rotation):
    plane = np.zeros((HEIGHT, WIDTH), np.uint8)
    plane[10:30, 5:14] = 200
    plane[10:13, 14:20] = 200
    picture = PictureFormat(width=WIDTH, height=HEIGHT, pixel_format="gray", color_range=2, rotation=rotation)
    return plane, View(Frame(seq=3, pts=3, duration=1, key=True, format=picture, planes=(plane,)))


@pytest.mark.parametrize("rotation", [0, 90, 180, 270, -90, -180])
def test_it_sees_what_a_player_shows_and_what_it_finds_lies_where_it_is_stored(rotation):
    plane, view = stored(rotation)
    detector = Bright()
    [found] = Upright(detector).detect(view)
    assert np.array_equal(detector.shown[0][..., 0], np.rot90(plane, rotation // 90))
    assert found.box == found.spot.box == Box(x=5, y=10, width=15, height=20)
    assert np.array_equal(found.spot.values, plane[10:30, 5:20])

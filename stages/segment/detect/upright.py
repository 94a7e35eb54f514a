"""Frames as they are stored in, what a detector finds in them as they are shown out: people stand on their feet.

Telephones store a picture as the sensor gives it and ask the player to turn it; detectors know things upright only.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from stages.segment.detect.detector import Detection, Detector
from stages.segment.spot import Spot
from stages.segment.view import View
from transport.messages import Box


class Upright:
    """A detector that is shown every frame as a player would; its answers lie in the frame as it is stored."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector

    def detect(self, view: View) -> Sequence[Detection]:
        """Return what is in this frame; see Detector."""
        turns = round(view.frame.format.rotation / 90) % 4
        if not turns:
            return self._detector.detect(view)
        return [_back(detection, turns, view) for detection in self._detector.detect(_turned(view, turns))]


def _turned(view: View, turns: int) -> View:
    """Return a view turned to the left so many times by 90 degrees."""
    colours = np.ascontiguousarray(np.rot90(view.bgr, turns))
    height, width = colours.shape[:2]
    shown = replace(view.frame.format, width=width, height=height, pixel_format="bgr24", rotation=0)
    return View(replace(view.frame, format=shown, planes=(colours.reshape(height, 3 * width),)))


def _back(detection: Detection, turns: int, view: View) -> Detection:
    box, spot = _box_back(detection.box, turns, view), detection.spot
    if spot:
        values = np.ascontiguousarray(np.rot90(spot.values, -turns))
        spot = Spot(box=_box_back(spot.box, turns, view), values=values)
    return replace(detection, box=box, spot=spot)


def _box_back(box: Box, turns: int, view: View) -> Box:
    if turns == 2:
        x, y = view.width - box.x - box.width, view.height - box.y - box.height
        return replace(box, x=x, y=y)
    if turns == 1:
        return Box(x=view.width - box.y - box.height, y=box.x, width=box.height, height=box.width)
    return Box(x=box.y, y=view.height - box.x - box.width, width=box.height, height=box.width)

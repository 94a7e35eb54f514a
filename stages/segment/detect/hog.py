"""Persons upright, without any weights: OpenCV's own detector of histograms of gradients (Dalal and Triggs, CVPR 2005).

The picture is enlarged, as a person must be 96 pixels high to be seen. OpenCV 5 has moved it to its contrib modules.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.errors import OptionError
from stages.segment.detect.boxes import Boxes, each_once, inside_picture
from stages.segment.detect.detector import Detection
from stages.segment.view import Colours, View

FINDER = getattr(cv2, "HOGDescriptor", None)
LABEL = "person"
HEIGHT = 720  # pixels to which a lower picture is enlarged and a higher one reduced: persons of 1/8 of it are seen
MOST = 2.0  # times enlarged: there is no more to see
STEP, PADDING = (8, 8), (16, 16)  # pixels
SCALE = 1.1  # between sizes looked for
LEAST = -0.2  # of the machine's distances, above which something is mentioned
HALF, SPREAD = 0.45, 0.35  # distance that is a score of 0.5, and how fast it rises from there
PERSON = (0.55, 0.8)  # of the window, across and down, that a person fills; the rest was margin in training


class Hog:
    """A detector of persons; slow where the picture is large, blind to those who sit, lie or are half hidden."""

    def __init__(self) -> None:
        if FINDER is None:
            raise OptionError(
                f"detector hog needs OpenCV's people detector, which OpenCV {cv2.__version__} has in "
                "opencv-contrib-python-headless only; fastestdet needs a file instead, and target moving nothing"
            )
        self._hog = FINDER()
        self._hog.setSVMDetector(FINDER.getDefaultPeopleDetector())

    def detect(self, view: View) -> list[Detection]:
        """Return the persons, best first."""
        factor = min(HEIGHT / view.height, MOST)
        boxes, distances = self._look(_resized(view.bgr, factor))
        scores = 1 / (1 + np.exp((HALF - distances) / SPREAD))
        detections = []
        for i in each_once(boxes, scores):
            box = inside_picture(boxes[i] / factor, view.width, view.height)
            if box:
                detections.append(Detection(label=LABEL, score=float(scores[i]), box=box))
        return detections

    def _look(self, picture: Colours) -> tuple[Boxes, NDArray[np.float64]]:
        found, distances = self._hog.detectMultiScale(
            picture, hitThreshold=LEAST, winStride=STEP, padding=PADDING, scale=SCALE, groupThreshold=0
        )
        windows = np.asarray(found, np.float64).reshape(-1, 4)
        centre, half = windows[:, :2] + windows[:, 2:] / 2, windows[:, 2:] / 2 * PERSON
        return np.hstack([centre - half, centre + half]), np.asarray(distances, np.float64).reshape(-1)


def is_there() -> bool:
    """Whether this OpenCV has the detector."""
    return FINDER is not None


def _resized(picture: Colours, factor: float) -> Colours:
    how = cv2.INTER_CUBIC if factor > 1 else cv2.INTER_AREA
    return np.asarray(cv2.resize(picture, None, fx=factor, fy=factor, interpolation=how), np.uint8)

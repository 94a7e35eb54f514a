"""Boxes of COCO's 80 classes by FastestDet (github.com/dog-qiuqiu/FastestDet), a network of 0.24 M weights in cv2.dnn.

It sees 352x352 pixels, so small objects are looked for in squares of the picture besides. Decoding as its authors do
(utils/tool.py): one cell, one object; score = objectness^0.6 * class^0.4. The class is the one that is asked for, not
the likeliest: a person taken for a suitcase is still a person to be removed.
"""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.errors import ModelError
from stages.segment.detect.boxes import Boxes, each_once, inside_picture, is_cut, squares
from stages.segment.detect.classes import COCO
from stages.segment.detect.detector import Detection
from stages.segment.view import Colours, View
from transport.messages import Box

SIDE = 352  # pixels: the network's input, both ways
OBJECTNESS, CLASS = 0.6, 0.4  # exponents
LEAST = 0.25  # score, after STRETCH, of what is mentioned at all: about half of it is real
# Its own score that becomes 0.5: of what a still camera saw, with squares, 19 of 20 persons and 4 of 5 small cars that
# moved were above it, and less than one thing in two frames that did not move.
HALF = 0.68
STRETCH = np.log(0.5) / np.log(HALF)
SQUARE = 0.72  # of the picture's shorter side: four to six squares
CUT = 0.02  # of a square: a box that ends so near its edge goes on beyond it


class FastestDet:
    """A detector that looks at the whole picture and, if `squares` are wanted, at parts of it enlarged."""

    def __init__(self, path: Path, labels: Sequence[str], *, enlarge: bool = True) -> None:
        """Take the file, the classes wanted, and whether to look for small objects too, at five times the cost."""
        try:
            self._net = cv2.dnn.readNetFromONNX(str(path))
        except cv2.error as error:
            raise ModelError(f"{path} is no network that OpenCV reads: {error.err}") from error
        self._labels = tuple(labels)
        self._rows = [5 + COCO.index(label) for label in labels]
        self._enlarge = enlarge

    def detect(self, view: View) -> list[Detection]:
        """Return the objects of the wanted classes, best first."""
        width, height = view.width, view.height
        found = [self._look(view.bgr)]
        for square in squares(width, height, round(SQUARE * min(width, height))) if self._enlarge else ():
            boxes, scores, kinds = self._look(view.crop(square))
            boxes += (square.x, square.y, square.x, square.y)
            whole = ~is_cut(boxes, square, width, height, CUT * square.width)
            found.append((boxes[whole], scores[whole], kinds[whole]))
        boxes, scores, kinds = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return self._detections(boxes, scores, kinds, Box(x=0, y=0, width=width, height=height))

    def _detections(
        self, boxes: Boxes, scores: NDArray[np.float64], kinds: NDArray[np.intp], picture: Box
    ) -> list[Detection]:
        detections = []
        for i in each_once(boxes, scores, kinds):
            box = inside_picture(boxes[i], picture.width, picture.height)
            if box:
                detections.append(Detection(label=self._labels[kinds[i]], score=float(scores[i]), box=box))
        return detections

    def _look(self, picture: Colours) -> tuple[Boxes, NDArray[np.float64], NDArray[np.intp]]:
        height, width = picture.shape[:2]
        small = cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA if height > SIDE else cv2.INTER_LINEAR)
        self._net.setInput(cv2.dnn.blobFromImage(small, 1 / 255))
        return decode(self._net.forward()[0], self._rows, width, height)


def decode(
    answer: NDArray[np.floating], rows: Sequence[int], width: int, height: int
) -> tuple[Boxes, NDArray[np.float64], NDArray[np.intp]]:
    """Return boxes in pixels, scores and which of `rows` each is, from the network's (85, cells, cells).

    A column holds objectness in 0..1, offset of the centre from its cell, width and height before tanh and the
    logistic function, and 80 probabilities.
    """
    classes = answer[list(rows)]  # (len(rows), cells, cells)
    score = (answer[0] ** OBJECTNESS * classes.max(axis=0) ** CLASS) ** STRETCH
    y, x = np.nonzero(score >= LEAST)
    values = answer[:, y, x].astype(np.float64)
    cells = np.array(answer.shape[2:0:-1])[:, None]
    centre = (np.stack([x, y]) + np.tanh(values[1:3])) / cells
    half = 0.5 / (1 + np.exp(-values[3:5]))
    boxes = np.concatenate([centre - half, centre + half]).T * (width, height, width, height)
    return boxes, score[y, x].astype(np.float64), classes[:, y, x].argmax(axis=0)

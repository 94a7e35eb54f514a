"""The outline of persons near the camera by Google's selfie segmenter (MediaPipe), 256x256 pixels, in cv2.dnn."""

from pathlib import Path

import cv2
import numpy as np

from stages.errors import ModelError
from stages.segment.detect.detector import Detection
from stages.segment.detect.regions import pieces
from stages.segment.view import View

LABEL = "person"
SIDE = 256  # pixels: the network's input, both ways


class Selfie:
    """A detector of persons who fill a good part of the picture; those who touch are one."""

    def __init__(self, path: Path) -> None:
        try:
            self._net = cv2.dnn.readNetFromTFLite(str(path))
        except cv2.error as error:
            raise ModelError(f"{path} is no network that OpenCV reads: {error.err}") from error

    def detect(self, view: View) -> list[Detection]:
        """Return the persons, best first, with their outlines."""
        small = cv2.resize(view.bgr, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        self._net.setInput(cv2.dnn.blobFromImage(small, 1 / 255, swapRB=True))
        share = self._net.forward().reshape(SIDE, SIDE)  # 0 to 1
        values = np.rint(np.clip(share, 0, 1) * 255).astype(np.uint8)
        whole = cv2.resize(values, (view.width, view.height), interpolation=cv2.INTER_LINEAR)
        return pieces(LABEL, np.asarray(whole, np.uint8))

"""The whole picture as it is shown, at a size at which looking at all of it costs little."""

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.segment.outline.turned import quarters, shown, stored
from stages.segment.spot import SURE, Grey, Spot, tight
from stages.segment.view import View
from transport.messages import Box, PictureFormat

SIDE = 320  # pixels: of the longer side

Picture = NDArray[np.float32]  # (h, w, 3) blue, green, red; 0 to 255


class Reduction:
    """So many pixels each way become one; the last of a row or column, as stored, may stand for fewer."""

    def __init__(self, picture: PictureFormat, side: int = SIDE) -> None:
        self.n = -(-max(picture.width, picture.height) // side)
        self._turns = quarters(picture)
        self._stored = -(-picture.height // self.n), -(-picture.width // self.n)
        self.height, self.width = self._stored[:: -1 if self._turns % 2 else 1]  # as shown
        self._whole = picture

    def colours(self, view: View) -> Picture:
        """Return the (h, w, 3) reduced picture."""
        rows, columns = view.bgr.shape[:2]
        padded = cv2.copyMakeBorder(view.bgr, 0, -rows % self.n, 0, -columns % self.n, cv2.BORDER_REPLICATE)
        small = cv2.resize(padded, self._stored[::-1], interpolation=cv2.INTER_AREA)
        return shown(np.asarray(small), self._turns).astype(np.float32)

    def inside(self, spot: Spot) -> Grey:
        """Return (h, w): 255 where any of a pixel is the object's, else 0."""
        n, box = self.n, spot.box
        top, left = box.y // n, box.x // n
        bottom, right = -(-(box.y + box.height) // n), -(-(box.x + box.width) // n)
        large = np.zeros(((bottom - top) * n, (right - left) * n), np.uint8)
        large[box.y - top * n :, box.x - left * n :][: box.height, : box.width] = spot.values
        small = np.zeros(self._stored, np.uint8)
        part = cv2.resize(large, (right - left, bottom - top), interpolation=cv2.INTER_AREA)
        small[top:bottom, left:right] = np.where(np.asarray(part) > 0, np.uint8(255), np.uint8(0))
        return shown(small, self._turns)

    def enlarge(self, small: Grey) -> Spot | None:
        """Return an (h, w) array of 0 and 255 with smooth borders, at the size of the whole picture as it is stored."""
        n, small = self.n, stored(small, self._turns)
        x, y, width, height = cv2.boundingRect(small)
        if not width:
            return None
        right, bottom = min((x + width) * n, self._whole.width), min((y + height) * n, self._whole.height)
        size, part = (width * n, height * n), small[y : y + height, x : x + width]
        large = np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_LINEAR), np.uint8)
        box = Box(x=x * n, y=y * n, width=right - x * n, height=bottom - y * n)
        return tight(large[: box.height, : box.width] >= SURE, box)


def mean(colours: cv2.typing.MatLike) -> NDArray[np.float32]:
    """Return the (h, w) mean of the components; numpy takes many times as long along so short an axis."""
    return np.asarray(cv2.transform(colours, np.full((1, 3), 1 / 3, np.float32)), np.float32)


def most(colours: cv2.typing.MatLike) -> NDArray[np.float32]:
    """Return the (h, w) largest magnitude of the components."""
    first, second, third = cv2.split(np.abs(colours))
    return np.asarray(cv2.max(cv2.max(first, second), third), np.float32)

"""The whole picture at a size at which looking at all of it costs little."""

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.segment.spot import Grey, Spot, slices
from stages.segment.view import View
from transport.messages import Box, PictureFormat

SIDE = 320  # pixels: of the longer side

Picture = NDArray[np.float32]  # (h, w, 3) blue, green, red; 0 to 255


class Reduction:
    """So many pixels each way become one; the last of a row or column may stand for fewer."""

    def __init__(self, picture: PictureFormat, side: int = SIDE) -> None:
        self.n = -(-max(picture.width, picture.height) // side)
        self.width, self.height = -(-picture.width // self.n), -(-picture.height // self.n)
        self._whole = picture

    def colours(self, view: View) -> Picture:
        """Return the (h, w, 3) reduced picture."""
        return self._mean(view.bgr).astype(np.float32)

    def inside(self, spot: Spot | None) -> Grey:
        """Return (h, w): 255 where any of a pixel is the object's, else 0."""
        whole = np.zeros((self._whole.height, self._whole.width), np.uint8)
        if spot is not None:
            whole[slices(spot.box)] = spot.values
        return (self._mean(whole) > 0).astype(np.uint8) * np.uint8(255)

    def enlarge(self, small: Grey, box: Box) -> Grey:
        """Return a box of an (h, w) array of 0 and 255, with smooth borders, at the size of the whole picture."""
        n = self.n
        x, y = box.x // n, box.y // n
        right, bottom = -(-(box.x + box.width) // n), -(-(box.y + box.height) // n)
        part = small[y:bottom, x:right]
        size = part.shape[1] * n, part.shape[0] * n
        large = np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_LINEAR), np.uint8)
        return large[box.y - y * n :, box.x - x * n :][: box.height, : box.width]

    def _mean(self, whole: NDArray[np.uint8]) -> NDArray[np.uint8]:
        rows, columns = whole.shape[:2]
        padded = cv2.copyMakeBorder(whole, 0, -rows % self.n, 0, -columns % self.n, cv2.BORDER_REPLICATE)
        return np.asarray(cv2.resize(padded, (self.width, self.height), interpolation=cv2.INTER_AREA), np.uint8)


def mean(colours: cv2.typing.MatLike) -> NDArray[np.float32]:
    """Return the (h, w) mean of the components; numpy takes many times as long along so short an axis."""
    return np.asarray(cv2.transform(colours, np.full((1, 3), 1 / 3, np.float32)), np.float32)


def most(colours: cv2.typing.MatLike) -> NDArray[np.float32]:
    """Return the (h, w) largest magnitude of the components."""
    first, second, third = cv2.split(np.abs(colours))
    return np.asarray(cv2.max(cv2.max(first, second), third), np.float32)

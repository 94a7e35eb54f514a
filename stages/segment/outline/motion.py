"""How an object moved since the frame before: dense flow at reduced size, looked at where the object is.

The flow is DIS (Kroeger et al., "Fast optical flow using dense inverse search", ECCV 2016). Beside the object, vectors
are those of its nearest parts, so that its border moves with it and not with what is behind.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.segment.spot import Grey, Spot, expand, slices
from stages.segment.view import View
from transport.messages import Box, PictureFormat

WORK_SIDE = 320  # pixels: of the longer side of the picture in which motion is found
AROUND = 12  # small pixels around the object that the flow looks at
NEAR = 11  # small pixels: side of the window over which vectors are carried beyond the object
LEAST = 32  # small pixels: OpenCV's DIS goes by the width alone, and reads beyond pictures that are lower

Vectors = NDArray[np.float32]  # (h, w, 2) x, y


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Way:
    """Where the pixels around an object were in the frame before, relative to where they are."""

    box: Box  # in the picture reduced n times, each way
    back: Vectors  # (box.height, box.width, 2), in pixels of the picture
    n: int

    def over(self, small: NDArray[Any], box: Box) -> NDArray[Any]:
        """Return an array over the way's box, such as its vectors, enlarged to a box of the picture within it."""
        whole = self._whole
        size = whole.width, whole.height
        return np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_LINEAR)[slices(box, whole)])

    def within(self, box: Box) -> Box:
        """Return what the way's box covers of a box of the picture that it overlaps."""
        whole = self._whole
        x, y = max(box.x, whole.x), max(box.y, whole.y)
        right, bottom = min(box.x + box.width, whole.x + whole.width), min(box.y + box.height, whole.y + whole.height)
        return Box(x=x, y=y, width=right - x, height=bottom - y)

    @property
    def _whole(self) -> Box:
        box, n = self.box, self.n
        return Box(x=box.x * n, y=box.y * n, width=box.width * n, height=box.height * n)


class ObjectMotion:
    """Finds the motion of what a spot covers; holds one reduced picture."""

    def __init__(self, picture: PictureFormat) -> None:
        self._n = -(-max(picture.width, picture.height) // WORK_SIDE)
        self._small = PictureFormat(
            width=-(-picture.width // self._n), height=-(-picture.height // self._n), pixel_format="gray"
        )
        self._size = self._small.width, self._small.height
        self._before: Grey | None = None

    def step(self, view: View, spot: Spot | None) -> Way | None:
        """Return the object's way; None when it is not there, or was not in the frame before."""
        if spot is None:
            self._before = None
            return None
        before, self._before = self._before, self._reduce(view.luma)
        if before is None:
            return None
        box = expand(_reduced(spot.box, self._n), AROUND, self._small)
        back = _flow(self._before[slices(box)], before[slices(box)])
        back = _extended(back, shrunk(spot, box, self._n)) * np.float32(self._n)
        return Way(box=box, back=back, n=self._n)

    def forget(self) -> None:
        """Know that the next frame begins a new shot."""
        self._before = None

    def _reduce(self, luma: Grey) -> Grey:
        n, (rows, columns) = self._n, luma.shape
        whole = cv2.copyMakeBorder(luma, 0, -rows % n, 0, -columns % n, cv2.BORDER_REPLICATE)
        return np.asarray(cv2.resize(whole, self._size, interpolation=cv2.INTER_AREA), np.uint8)


def shrunk(spot: Spot, box: Box, n: int) -> Grey:
    """Return how much of every pixel of a box of the picture reduced n times is the object, 0 to 255."""
    whole = np.zeros((box.height * n, box.width * n), np.uint8)
    x, y = spot.box.x - box.x * n, spot.box.y - box.y * n
    whole[y : y + spot.box.height, x : x + spot.box.width] = spot.values
    return np.asarray(cv2.resize(whole, (box.width, box.height), interpolation=cv2.INTER_AREA), np.uint8)


def _reduced(box: Box, n: int) -> Box:
    x, y = box.x // n, box.y // n
    return Box(x=x, y=y, width=-(-(box.x + box.width) // n) - x, height=-(-(box.y + box.height) // n) - y)


def _flow(now: Grey, before: Grey) -> Vectors:
    height, width = now.shape
    more = 0, max(LEAST - height, 0), 0, max(LEAST - width, 0)
    one, other = (cv2.copyMakeBorder(luma, *more, cv2.BORDER_REPLICATE) for luma in (now, before))
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
    flow = search.calc(one, other, np.zeros((*one.shape, 2), np.float32))
    return np.asarray(flow[:height, :width], np.float32)


def _extended(flow: Vectors, inside: Grey) -> Vectors:
    """Give the pixels beside the object the mean vector of the object near them (normalised averaging)."""
    share = inside.astype(np.float32) / np.float32(255)
    x, y = flow[..., 0] * share, flow[..., 1] * share
    total = max(float(share.sum()), 1e-3)
    # A little of the whole object's motion everywhere is all there is where no part of it is near.
    near, little = (NEAR, NEAR), 1e-4
    weight = cv2.blur(share, near, borderType=cv2.BORDER_CONSTANT) + np.float32(little)
    for channel in (x, y):
        mean = np.float32(little * float(channel.sum()) / total)
        carried = (cv2.blur(channel, near, borderType=cv2.BORDER_CONSTANT) + mean) / weight
        channel += carried * (1 - share)
    return cv2.merge((x, y)).astype(np.float32, copy=False)

"""One frame as those see it who look for objects: brightness and colours in bytes, converted when first asked for."""

from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.pixels import align, component, layout, luma
from transport.messages import Box, Frame, Plane

Grey = NDArray[np.uint8]  # (h, w)
Colours = NDArray[np.uint8]  # (h, w, 3) blue, green, red; 0 to 255 in full range

FULL = 2  # PictureFormat.color_range
BT709 = 1  # PictureFormat.matrix
NEUTRAL = 128


class View:
    """A frame, looked at; holds what was converted as long as it lives itself."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self.seq = frame.seq
        self.width, self.height = frame.format.width, frame.format.height
        self._lay = layout(frame.format.pixel_format)

    @cached_property
    def luma(self) -> Grey:
        """The (H, W) brightness of the whole picture, as the source has it."""
        return luma(self.frame)

    @cached_property
    def bgr(self) -> Colours:
        """The whole picture, (H, W, 3)."""
        return self._convert(Box(x=0, y=0, width=self.width, height=self.height))

    def crop(self, box: Box) -> Colours:
        """Return the (h, w, 3) colours of a box inside the picture, converting no more than that."""
        if "bgr" in self.__dict__:
            return self.bgr[box.y : box.y + box.height, box.x : box.x + box.width]
        whole = align(box, self.frame.format)
        x, y = box.x - whole.x, box.y - whole.y
        return self._convert(whole)[y : y + box.height, x : x + box.width]

    def _convert(self, box: Box) -> Colours:
        first, *others = (self._bytes(letter, box) for letter in self._lay.components)
        if self._lay.model == "rgb":
            return cv2.merge((others[1], others[0], first))  # type: ignore[return-value]
        if self._lay.model == "gray":
            return cv2.merge((first, first, first))  # type: ignore[return-value]
        return self._from_yuv(first, *others)

    def _from_yuv(self, y: Grey, u: Grey, v: Grey) -> Colours:
        """Undo BT.709 where the source states it and BT.601 elsewhere: near enough for looking."""
        if self.frame.format.color_range != FULL:
            y, u, v = cv2.LUT(y, _WIDER_LUMA), cv2.LUT(u, _WIDER_CHROMA), cv2.LUT(v, _WIDER_CHROMA)  # type: ignore[assignment]
        if self.frame.format.matrix == BT709:
            return cv2.transform(cv2.merge((y, u, v)), _FROM_709)  # type: ignore[return-value]
        return cv2.cvtColor(cv2.merge((y, v, u)), cv2.COLOR_YCrCb2BGR)  # type: ignore[return-value]

    def _bytes(self, letter: str, box: Box) -> Grey:
        """Return a component of an aligned box at full resolution, in 8 bits."""
        across, down = self._lay.shift if letter in "UV" else (0, 0)
        rows = slice(box.y >> down, -(-(box.y + box.height) >> down))
        columns = slice(box.x >> across, -(-(box.x + box.width) >> across))
        samples = self._narrow(component(self.frame, letter)[rows, columns])
        if not (across or down):
            return samples
        size = samples.shape[1] << across, samples.shape[0] << down
        full = cv2.resize(samples, size, interpolation=cv2.INTER_LINEAR)
        return np.asarray(full[: box.height, : box.width], np.uint8)

    def _narrow(self, samples: Plane) -> Grey:
        excess = self._lay.bits + self._lay.up - 8
        return np.ascontiguousarray(samples if excess <= 0 else samples >> excess, np.uint8)


_WIDER_LUMA = np.clip(np.rint((np.arange(256) - 16) * 255 / 219), 0, 255).astype(np.uint8)
_WIDER_CHROMA = np.clip(np.rint((np.arange(256) - 128) * 255 / 224 + 128), 0, 255).astype(np.uint8)
# ITU-T H.273, 8.3, for Y U V in full range to B G R.
_FROM_709 = np.array([[1, 1.8556, 0], [1, -0.18732, -0.46812], [1, 0, 1.5748]], np.float32)
_FROM_709 = np.hstack([_FROM_709, -NEUTRAL * _FROM_709[:, 1:].sum(axis=1, keepdims=True)])

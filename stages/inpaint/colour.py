"""Pixels in the source's own components in, red, green and blue out; and back, for networks that know only those.

The equations are those of ITU-T H.273, 8.3. What goes there and back comes back as it was, whichever matrix is guessed
for a source that states none.
"""

from functools import lru_cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.pixels import Pixels, layout
from transport.messages import PictureFormat

FULL: Final = 2  # PictureFormat.color_range
IDENTITY: Final = 0  # PictureFormat.matrix: green, blue and red lie where Y, U and V would
YCGCO: Final = 8
WEIGHTS: Final = {  # of red and blue in the brightness, by PictureFormat.matrix
    1: (0.2126, 0.0722),
    4: (0.30, 0.11),
    5: (0.299, 0.114),
    6: (0.299, 0.114),
    7: (0.212, 0.087),
    9: (0.2627, 0.0593),
    10: (0.2627, 0.0593),
}
HD_LINES: Final = 720  # from which on players take what states no matrix for BT.709, and below for BT.601

Affine = NDArray[np.float64]  # (3, 4): what three components are multiplied with, and what is added


def to_rgb(pixels: Pixels, picture: PictureFormat) -> Pixels:
    """Return (h, w, 3) red, green, blue, 0 to 255 in full range, of (h, w, C) pixels as `stages.pixels` reads them."""
    affine = _forward(picture)
    back = np.linalg.inv(affine[:, :3])
    back = np.column_stack((back, -back @ affine[:, 3]))
    if pixels.shape[2] == 1:  # a picture without colour: U and V would be 128
        back = np.column_stack((back[:, 0], back[:, 1:] @ (128, 128, 1)))
    return _apply(back.astype(np.float64, copy=False), pixels)


def from_rgb(colours: Pixels, picture: PictureFormat) -> Pixels:
    """Return (h, w, C) pixels in the source's components, 0 to 255, of (h, w, 3) colours; beyond 0 to 255 is cut."""
    count = len(layout(picture.pixel_format).components)
    return _apply(_forward(picture)[:count], np.clip(colours, 0, 255))


def _apply(affine: Affine, pixels: Pixels) -> Pixels:
    made = np.asarray(cv2.transform(pixels, affine), np.float32)
    return np.clip(made, 0, 255, out=made).reshape(*pixels.shape[:2], len(affine))


@lru_cache(8)
def _forward(picture: PictureFormat) -> Affine:
    """Return what leads from red, green and blue to a picture's components."""
    if layout(picture.pixel_format).model == "rgb":
        return np.eye(3, 4)
    alike = picture.matrix == IDENTITY
    scale, offset = (255, 255), 0  # of brightness and colour; of black
    if not _is_full(picture):
        scale, offset = (219, 219 if alike else 224), 16
    mix = _mix(picture) * np.array([[scale[0]], [scale[1]], [scale[1]]]) / 255
    return np.column_stack((mix, (offset,) * 3 if alike else (offset, 128, 128)))


def _mix(picture: PictureFormat) -> NDArray[np.float64]:
    """Return brightness and the two colour differences, from red, green and blue of 0 to 1."""
    if picture.matrix == IDENTITY:
        return np.array([[0.0, 1, 0], [0, 0, 1], [1, 0, 0]])
    if picture.matrix == YCGCO:
        return np.array([[1.0, 2, 1], [-1, 2, -1], [2, 0, -2]]) / 4
    red, blue = WEIGHTS.get(picture.matrix, WEIGHTS[1 if picture.height >= HD_LINES else 6])
    grey = np.array([red, 1 - red - blue, blue])
    return np.stack((grey, (np.eye(3)[2] - grey) / (2 - 2 * blue), (np.eye(3)[0] - grey) / (2 - 2 * red)))


def _is_full(picture: PictureFormat) -> bool:
    """Tell the range of a source; what states none is limited, except grey and yuvj, as FFmpeg has it."""
    name = picture.pixel_format
    return picture.color_range == FULL or (picture.color_range == 0 and name.startswith(("gray", "yuvj")))

"""A frame in its own planes in, the RGB picture that all measures work on out."""

import numpy as np
from numpy.typing import NDArray

from stages.pixels import layout, read
from transport.messages import Box, Frame, PictureFormat

Picture = NDArray[np.uint8]  # (h, w, 3) RGB
Known = NDArray[np.bool_]  # (h, w)

FULL, LIMITED = 2, 1  # PictureFormat.color_range
BT601 = (0.299, 0.114)
SHARES = {  # of red and blue in the brightness, by PictureFormat.matrix (ITU-T H.273, table 4)
    1: (0.2126, 0.0722),
    4: (0.30, 0.11),
    5: BT601,
    6: BT601,
    7: (0.212, 0.087),
    9: (0.2627, 0.0593),
    10: (0.2627, 0.0593),
}


def rgb(frame: Frame) -> Picture:
    """Return a frame as 8-bit RGB; SourceError for a pixel format that cleanplate does not work in.

    Where the source does not say, YUV is taken for BT.601 in limited range, as FFmpeg does, and grey for full range.
    """
    picture = frame.format
    pixels = read(frame, Box(x=0, y=0, width=picture.width, height=picture.height))
    model = layout(picture.pixel_format).model
    if model == "yuv":
        pixels = _from_yuv(pixels, picture)
    elif model == "gray":
        grey = (pixels - 16) * np.float32(255 / 219) if picture.color_range == LIMITED else pixels
        pixels = np.repeat(grey, 3, axis=2)
    return np.asarray(np.clip(np.rint(pixels), 0, 255), np.uint8)


def _from_yuv(pixels: NDArray[np.float32], picture: PictureFormat) -> NDArray[np.float32]:
    """Undo the matrix that the source states (ITU-T H.273, 8.3)."""
    red, blue = SHARES.get(picture.matrix, BT601)
    green = 1 - red - blue
    to_rgb = np.array(
        [
            [1, 0, 2 * (1 - red)],
            [1, -2 * (1 - blue) * blue / green, -2 * (1 - red) * red / green],
            [1, 2 * (1 - blue), 0],
        ],
        np.float32,
    )
    if picture.color_range == FULL:
        scale, zero = np.ones(3, np.float32), np.array([0, 128, 128], np.float32)
    else:
        scale, zero = np.array([255 / 219, 255 / 224, 255 / 224], np.float32), np.array([16, 128, 128], np.float32)
    mixed: NDArray[np.float32] = (pixels - zero) @ (to_rgb * scale).T
    return mixed

"""Looking at a frame beside its hole: whole chroma cells, so that nothing under the hole shines through.

An interpolated chroma sample mixes its neighbours, and a neighbour may lie under the hole. Here every pixel of a cell
has the cell's own chroma, and a cell that the hole touches belongs to the hole as a whole.
"""

import numpy as np
from numpy.typing import NDArray

from stages.inpaint.engine import Picture
from stages.pixels import Pixels, align, component, layout
from transport.messages import Box, Frame, PictureFormat


def grow(box: Box, margin: int, picture: PictureFormat) -> Box:
    """Return the aligned box that is wider by `margin` pixels on every side, cut at the picture's edges."""
    x, y = max(box.x - margin, 0), max(box.y - margin, 0)
    right = min(box.x + box.width + margin, picture.width)
    bottom = min(box.y + box.height + margin, picture.height)
    return align(Box(x=x, y=y, width=right - x, height=bottom - y), picture)


def clean_box(frame: Frame, box: Box) -> Pixels:
    """Return the pixels of an aligned box, 0 to 255, every pixel with the chroma of its own cell."""
    lay = layout(frame.format.pixel_format)
    pixels = np.empty((box.height, box.width, len(lay.components)), np.float32)
    for index, letter in enumerate(lay.components):
        across, down = lay.shift if letter in "UV" else (0, 0)
        plane = component(frame, letter)
        rows = slice(box.y >> down, -(-(box.y + box.height) >> down))
        samples = plane[rows, box.x >> across : -(-(box.x + box.width) >> across)]
        whole = samples.repeat(1 << down, axis=0).repeat(1 << across, axis=1)
        pixels[..., index] = whole[: box.height, : box.width]
    return pixels * sample_scale(frame.format)


def sample_scale(picture: PictureFormat) -> np.float32:
    """Return what a sample's word is multiplied with to get 0 to 255."""
    lay = layout(picture.pixel_format)
    return np.float32(1.0 / (1 << (lay.bits + lay.up - 8)))


def covered(picture: Picture, box: Box) -> NDArray[np.bool_]:
    """Return where a box is hole, (box.height, box.width)."""
    inside = np.zeros((box.height, box.width), np.bool_)
    mask = picture.mask.box
    x, y = max(box.x, mask.x), max(box.y, mask.y)
    right, bottom = min(box.x + box.width, mask.x + mask.width), min(box.y + box.height, mask.y + mask.height)
    if x < right and y < bottom:
        cells = picture.cells[y - mask.y : bottom - mask.y, x - mask.x : right - mask.x]
        inside[y - box.y : bottom - box.y, x - box.x : right - box.x] = cells
    return inside

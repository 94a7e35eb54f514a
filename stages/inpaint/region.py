"""A part of the picture in, what a network is shown of it out; and what it made of that in, pixels for the picture out.

Which part, and how large, is each engine's own to choose: its network was trained on certain sizes and must be fed in
whole cells, and one that looks at its own answers wants the part to stay where it is.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.inpaint.cells import clean_box, covered
from stages.inpaint.colour import from_rgb, to_rgb
from stages.inpaint.engine import Picture
from stages.pixels import Pixels
from transport.messages import Box, PictureFormat

Colours = NDArray[np.float32]  # (h, w, 3) red, green, blue in [-1, 1]
HALF: Final = np.float32(127.5)  # what [-1, 1] is multiplied with to be 255 wide


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A part of the picture, on the chroma grid, and the size at which a network is shown it."""

    box: Box  # pixels of the picture
    width: int  # pixels of the network
    height: int


def widened(low: int, length: int, wanted: int, limit: int) -> tuple[int, int]:
    """Return a stretch of the wanted length around another, as far as there is room, as its start and length."""
    wanted = min(max(wanted, length), limit)
    return min(max(low - (wanted - length) // 2, 0), limit - wanted), wanted


def look(picture: Picture, region: Region) -> tuple[Colours, NDArray[np.bool_]]:
    """Return a region, and where it is hole: wherever a pixel has anything of the hole in it. There it is 0."""
    size = region.width, region.height
    smaller = size[0] <= region.box.width and size[1] <= region.box.height
    how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    pixels = cv2.resize(clean_box(picture.frame, region.box), size, interpolation=how)
    hole = cv2.resize(covered(picture, region.box).astype(np.float32), size, interpolation=how) > 0
    colours = to_rgb(np.asarray(pixels, np.float32).reshape(*hole.shape, -1), picture.format) / HALF - 1
    colours[hole] = 0
    return colours, hole


def put_back(colours: Colours, region: Region, box: Box, picture: PictureFormat) -> Pixels:
    """Return (box.height, box.width, C) pixels of a box of the picture, 0 to 255, of which the region has all."""
    return from_rgb((cut_out(colours, region, box, (box.width, box.height)) + 1) * HALF, picture)


def cut_out(colours: Colours, region: Region, box: Box, size: tuple[int, int]) -> Colours:
    """Return a box of the picture, out of a region that was shown, at `size` (width, height); the edge goes on."""
    across, down = region.width / region.box.width, region.height / region.box.height
    wide, high = across * box.width / size[0], down * box.height / size[1]  # of the region, to a pixel of what is cut
    x, y = (box.x - region.box.x) * across, (box.y - region.box.y) * down
    back = np.array([[wide, 0, x + (wide - 1) / 2], [0, high, y + (high - 1) / 2]])
    how = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    cut = cv2.warpAffine(np.ascontiguousarray(colours), back, size, flags=how, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cut, np.float32)

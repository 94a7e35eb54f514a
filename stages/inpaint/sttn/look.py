"""A picture in, what the network is shown of it out; and what the network made in, pixels for the picture out."""

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.inpaint.cells import clean_box, covered
from stages.inpaint.colour import from_rgb, to_rgb
from stages.inpaint.engine import Picture
from stages.inpaint.sttn.region import Region
from stages.pixels import Pixels
from transport.messages import Box, PictureFormat

Colours = NDArray[np.float32]  # (region.height, region.width, 3) red, green, blue in [-1, 1]
HALF = np.float32(127.5)  # what [-1, 1] is multiplied with to be 255 wide


def look(picture: Picture, region: Region) -> Colours:
    """Return a region with its hole at 0; nothing that lies under the hole has a share in any of it."""
    size = region.width, region.height
    smaller = size[0] <= region.box.width and size[1] <= region.box.height
    how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    pixels = cv2.resize(clean_box(picture.frame, region.box), size, interpolation=how)
    gone = cv2.resize(covered(picture, region.box).astype(np.float32), size, interpolation=how) > 0
    colours = to_rgb(np.asarray(pixels, np.float32).reshape(*gone.shape, -1), picture.format) / HALF - 1
    colours[gone] = 0
    return colours


def put_back(colours: Colours, region: Region, box: Box, picture: PictureFormat) -> Pixels:
    """Return (box.height, box.width, C) pixels of a box of the picture, 0 to 255, of which the region has all."""
    across, down = region.width / region.box.width, region.height / region.box.height
    x, y = box.x - region.box.x + 0.5, box.y - region.box.y + 0.5
    back = np.array([[across, 0, x * across - 0.5], [0, down, y * down - 0.5]])  # where a pixel of the box comes from
    how = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    full = cv2.warpAffine(colours, back, (box.width, box.height), flags=how, borderMode=cv2.BORDER_REPLICATE)
    return from_rgb((full + 1) * HALF, picture)

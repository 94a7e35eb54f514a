"""A picture in, what the network is shown of it out; what the network made in, pixels for the picture out."""

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from stages.inpaint.cells import clean_box, covered
from stages.inpaint.colour import from_rgb, to_rgb
from stages.inpaint.engine import Picture
from stages.inpaint.vinet.region import Region
from stages.nets.vinet.stream import Shown
from stages.pixels import Pixels
from transport.messages import Box, PictureFormat

Colours = NDArray[np.float32]  # (h, w, 3) blue, green, red in [-1, 1]
HALF = np.float32(127.5)  # what [-1, 1] is multiplied with to be 255 wide


def show(picture: Picture, region: Region, device: torch.device) -> Shown:
    """Return a region as the network sees it; a pixel that has anything of the hole in it belongs to the hole."""
    pixels, hole = clean_box(picture.frame, region.box), covered(picture, region.box).astype(np.float32)
    size = region.width, region.height
    if size != (region.box.width, region.box.height):
        how = cv2.INTER_AREA if size[0] * size[1] < hole.size else cv2.INTER_LINEAR
        pixels, hole = (np.asarray(cv2.resize(image, size, interpolation=how), np.float32) for image in (pixels, hole))
    colours = to_rgb(pixels.reshape(*hole.shape, -1), picture.format)[..., ::-1] / HALF - 1
    gone = torch.from_numpy((hole > 0).astype(np.float32)).to(device)
    return Shown(time=picture.seq, colours=tensor_of(colours, device), hole=gone[None, None])


def tensor_of(colours: Colours, device: torch.device) -> torch.Tensor:
    """Return colours as (1, 3, h, w)."""
    return torch.from_numpy(np.ascontiguousarray(colours)).to(device).permute(2, 0, 1)[None]


def colours_of(made: torch.Tensor) -> Colours:
    """Return what the network made, (1, 3, h, w)."""
    colours: Colours = made[0].permute(1, 2, 0).cpu().numpy()
    return colours


def cut_out(colours: Colours, region: Region, box: Box, size: tuple[int, int]) -> Colours:
    """Return a box of the picture, out of a region that was shown, at `size` (width, height); the edge goes on."""
    across, down = region.width / region.box.width, region.height / region.box.height
    wide, high = box.width / size[0], box.height / size[1]
    x, y = (box.x - region.box.x) * across, (box.y - region.box.y) * down
    back = np.array([[wide * across, 0, x + (wide * across - 1) / 2], [0, high * down, y + (high * down - 1) / 2]])
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    cut = cv2.warpAffine(np.ascontiguousarray(colours), back, size, flags=how, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cut, np.float32)


def pixels_of(colours: Colours, region: Region, box: Box, picture: PictureFormat) -> Pixels:
    """Return (box.height, box.width, C) pixels of a box of the picture, of which the region has all."""
    cut = cut_out(colours, region, box, (box.width, box.height))
    return from_rgb((np.ascontiguousarray(cut[..., ::-1]) + 1) * HALF, picture)

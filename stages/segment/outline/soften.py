"""A spot in, the Mask that a fill needs out: widened, its edge faded out, snapped to the chroma grid."""

import cv2
import numpy as np

from stages.pixels import align, layout
from stages.segment.spot import Grey, Spot, expand, slices
from transport.messages import Box, Mask, PictureFormat

NOTHING = Mask(box=Box(x=0, y=0, width=0, height=0), alpha=np.zeros((0, 0), np.uint8))


def soften(spot: Spot | None, picture: PictureFormat, *, dilate: int, feather: int) -> Mask:
    """Return the mask: 255 up to `dilate` pixels around the object, then falling to 0 over `feather` pixels more.

    A cell of the chroma grid that is touched at all is touched everywhere (alpha 1 at least): its pixels share a
    colour sample, so they could not stay as they are.
    """
    if spot is None:
        return NOTHING
    box = align(expand(spot.box, dilate + feather, picture), picture)
    outside = np.full((box.height, box.width), 255, np.uint8)
    outside[slices(spot.box, box)] = 255 - spot.values
    # The exact Euclidean distance widens by a disc and feathers in one go (Felzenszwalb and Huttenlocher 2012).
    distance = cv2.distanceTransform(outside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    slope = np.float32(255 / (feather + 1))
    alpha = np.rint(np.clip((dilate + feather + 1 - distance) * slope, 0, 255)).astype(np.uint8)
    alpha = np.maximum(alpha, _touched_cells(alpha, layout(picture.pixel_format).grid))
    return Mask(box=box, alpha=alpha)


def _touched_cells(alpha: Grey, grid: tuple[int, int]) -> Grey:
    """Return 1 for every pixel of a cell that holds any alpha; alpha begins on the grid."""
    (rows, columns), (across, down) = alpha.shape, grid
    padded = np.pad(alpha > 0, ((0, -rows % down), (0, -columns % across)))
    cells = padded.reshape(padded.shape[0] // down, down, padded.shape[1] // across, across).any(axis=(1, 3))
    spread: Grey = cells.repeat(down, 0).repeat(across, 1)[:rows, :columns].view(np.uint8)
    return spread

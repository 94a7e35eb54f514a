"""Boxes that are never touched: a mask in, the mask without them out."""

from collections.abc import Sequence

import numpy as np

from stages.pixels import align
from stages.segment.outline.soften import NOTHING
from stages.segment.spot import Grey, common, slices
from transport.messages import Box, Mask, PictureFormat


def keep(mask: Mask, boxes: Sequence[Box], picture: PictureFormat) -> Mask:
    """Return the mask cut out at the boxes, which lie inside the picture: every sample in them stays bit for bit.

    What is cut out is snapped outwards to the chroma grid: a pixel beside the box that shares a colour sample with
    one in it could not change without it.
    """
    alpha = mask.alpha
    for box in boxes:
        shared = common(align(box, picture), mask.box)
        if shared is not None and alpha[slices(shared, mask.box)].any():
            alpha = alpha.copy() if alpha is mask.alpha else alpha
            alpha[slices(shared, mask.box)] = 0
    return mask if alpha is mask.alpha else _trimmed(alpha, mask.box, picture)


def _trimmed(alpha: Grey, box: Box, picture: PictureFormat) -> Mask:
    rows, columns = np.flatnonzero(alpha.any(axis=1)), np.flatnonzero(alpha.any(axis=0))
    if not len(rows):
        return NOTHING
    x, y, right, bottom = int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
    left = align(Box(x=box.x + x, y=box.y + y, width=right - x, height=bottom - y), picture)
    return Mask(box=left, alpha=np.ascontiguousarray(alpha[slices(left, box)]))

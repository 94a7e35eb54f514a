"""A square of the picture cut out and scaled, and what was found in it laid back."""

import math
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.segment.spot import SURE, Spot, crop
from stages.segment.view import Colours, View
from transport.messages import Box

Chances = NDArray[np.float32]  # (h, w), 0 to 1

LARGEST: Final = 4096  # pixels of a side: more is shrunk before it is padded, so that memory is bounded


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A square that may reach beyond the picture."""

    x: float  # pixels, of its centre, which lies in the picture
    y: float
    side: int  # 4 or more


def cut_out(view: View, region: Region, size: int, surround: tuple[int, int, int]) -> Colours:
    """Return a region scaled to (size, size, 3); beyond the picture lies the colour `surround`."""
    x, width, left, right = _span(region.x, region.side, view.width)
    y, height, top, bottom = _span(region.y, region.side, view.height)
    piece = view.crop(Box(x=x, y=y, width=width, height=height))
    if region.side > LARGEST:
        scale = LARGEST / region.side
        smaller = max(1, round(width * scale)), max(1, round(height * scale))
        piece = np.asarray(cv2.resize(piece, smaller, interpolation=cv2.INTER_AREA), np.uint8)
        left, right, top, bottom = (round(margin * scale) for margin in (left, right, top, bottom))
    padded = cv2.copyMakeBorder(piece, top, bottom, left, right, cv2.BORDER_CONSTANT, value=surround)
    return np.asarray(cv2.resize(padded, (size, size), interpolation=cv2.INTER_LINEAR), np.uint8)


def _span(centre: float, side: int, length: int) -> tuple[int, int, int, int]:
    """Return the first pixel and the number of those inside the picture, and how many lie before and behind it."""
    first = round(centre - (side + 1) / 2)
    before, behind = max(0, -first), max(0, first + side - length)
    return max(0, first), side - before - behind, before, behind


def paste(chances: Chances, corner: tuple[float, float], scale: float, half: float, view: View) -> Spot | None:
    """Return probabilities as a spot in the picture, those of `half` as its outline; None if none is as probable.

    The first of them belongs to pixel `corner` of the picture, the next ones follow in steps of `scale`.
    """
    rows, columns = chances.shape
    x, right, scale_x, x0 = _line(corner[0], scale, columns, view.width)
    y, bottom, scale_y, y0 = _line(corner[1], scale, rows, view.height)
    if x >= right or y >= bottom:
        return None
    laid = cv2.warpAffine(
        chances, np.array([[scale_x, 0, x0], [0, scale_y, y0]]), (right - x, bottom - y), borderValue=-1
    )
    found = crop(np.interp(laid, (0, half, 1), (0, SURE, 255)).astype(np.uint8))
    if found is None or not (found.values >= SURE).any():
        return None
    return Spot(box=replace(found.box, x=found.box.x + x, y=found.box.y + y), values=found.values)


def _line(start: float, scale: float, count: int, side: int) -> tuple[int, int, float, float]:
    """Return from which pixel to which a line of samples reaches, their step, and where it starts from the former.

    All is drawn together towards pixel 0 by one part in `side`, as it was when SiamMask was judged.
    """
    start, scale = start * (side - 1) / side, scale * (side - 1) / side
    first = max(0, math.floor(start - scale))
    return first, min(side, math.ceil(start + scale * count) + 1), scale, start - first

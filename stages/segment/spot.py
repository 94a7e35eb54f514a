"""A spot: what is known of an object's place in one frame; and the boxes, on which everything works."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from transport.messages import Box, PictureFormat

Grey = NDArray[np.uint8]  # (H, W), 0 to 255

SURE = 128  # belongs to the object
MAYBE = 64  # belongs to it when connected to what is sure (hysteresis, Canny 1986): soft or compressed masks


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spot:
    """What a prompt says of one frame: 128 and more is the object; outside the box is nothing."""

    box: Box
    values: Grey  # (box.height, box.width)


def rectangle(box: Box) -> Spot:
    """Return a spot that is the whole box."""
    return Spot(box=box, values=np.full((box.height, box.width), 255, np.uint8))


def crop(values: Grey) -> Spot | None:
    """Return the part of a whole picture's mask that is not too dark to matter; None if there is none."""
    x, y, width, height = cv2.boundingRect((values >= MAYBE).view(np.uint8))
    if not width:
        return None
    return Spot(box=Box(x=x, y=y, width=width, height=height), values=values[y : y + height, x : x + width])


def unite(several: Iterable[Spot | None]) -> Spot | None:
    """Return one spot that says of every pixel the most that any of them says; None of none."""
    spots = [spot for spot in several if spot]
    if len(spots) < 2:
        return spots[0] if spots else None
    box = enclose([spot.box for spot in spots])
    values = np.zeros((box.height, box.width), np.uint8)
    for spot in spots:
        part = values[slices(spot.box, box)]
        np.maximum(part, spot.values, out=part)
    return Spot(box=box, values=values)


def sure(spot: Spot | None) -> Spot | None:
    """Return the object as 0 and 255, in the tightest box; None if nothing of the spot is sure."""
    if spot is None:
        return None
    core, wide = spot.values >= SURE, spot.values >= MAYBE
    if not core.any():
        return None
    if core.sum() < wide.sum():
        _, labels = cv2.connectedComponents(wide.view(np.uint8), connectivity=8)
        kept = np.zeros(labels.max() + 1, bool)
        kept[labels[core]] = True
        core = kept[labels]
    return tight(core, spot.box)


def grown(spot: Spot, pixels: int, picture: PictureFormat) -> Spot:
    """Return what is sure of a spot, wider by so many pixels all around, as 0 and 255."""
    box = expand(spot.box, pixels, picture)
    outside = np.full((box.height, box.width), 255, np.uint8)
    outside[slices(spot.box, box)] = np.where(spot.values >= SURE, 0, 255)
    # The exact Euclidean distance widens by a disc (Felzenszwalb and Huttenlocher 2012).
    near = cv2.distanceTransform(outside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) <= pixels
    return Spot(box=box, values=near.astype(np.uint8) * np.uint8(255))


def moved(spot: Spot, shift: tuple[int, int], picture: PictureFormat) -> Spot | None:
    """Return a spot shifted by whole pixels and cut at the picture's edges; None if it is shifted out of it."""
    x, y = spot.box.x + shift[0], spot.box.y + shift[1]
    left, top = max(x, 0), max(y, 0)
    right, bottom = min(x + spot.box.width, picture.width), min(y + spot.box.height, picture.height)
    if left >= right or top >= bottom:
        return None
    box = Box(x=left, y=top, width=right - left, height=bottom - top)
    return Spot(box=box, values=spot.values[top - y : bottom - y, left - x : right - x])


def tight(inside: NDArray[np.bool_], box: Box) -> Spot | None:
    """Return what is True, an array that lies at `box`, as 0 and 255 in the tightest box; None if nothing is."""
    x, y, width, height = cv2.boundingRect(np.ascontiguousarray(inside).view(np.uint8))
    if not width:
        return None
    values = inside[y : y + height, x : x + width].astype(np.uint8) * np.uint8(255)
    return Spot(box=Box(x=box.x + x, y=box.y + y, width=width, height=height), values=values)


def expand(box: Box, pixels: int, picture: PictureFormat) -> Box:
    """Return the box with so many pixels more on every side, cut at the picture's edges."""
    return _outwards(box, pixels, pixels, picture)


def enlarge(box: Box, share: float, picture: PictureFormat, *, least: int = 1) -> Box:
    """Return the box with a share of its sides more on every side, at least so many pixels, cut at the edges."""
    dx, dy = (max(least, round(share * length)) for length in (box.width, box.height))
    return _outwards(box, dx, dy, picture)


def _outwards(box: Box, dx: int, dy: int, picture: PictureFormat) -> Box:
    x, y = max(box.x - dx, 0), max(box.y - dy, 0)
    right, bottom = min(box.x + box.width + dx, picture.width), min(box.y + box.height + dy, picture.height)
    return Box(x=x, y=y, width=right - x, height=bottom - y)


def common(one: Box, other: Box) -> Box | None:
    """Return the box that two share; None if they share nothing."""
    x, y = max(one.x, other.x), max(one.y, other.y)
    right = min(one.x + one.width, other.x + other.width)
    bottom = min(one.y + one.height, other.y + other.height)
    return Box(x=x, y=y, width=right - x, height=bottom - y) if x < right and y < bottom else None


def overlap(one: Box, other: Box) -> float:
    """Return the intersection of two boxes over their union, 0 to 1."""
    both = common(one, other)
    shared = both.width * both.height if both else 0
    return shared / max(one.width * one.height + other.width * other.height - shared, 1)


def enclose(boxes: Sequence[Box]) -> Box:
    """Return the smallest box around all of them."""
    x, y = min(box.x for box in boxes), min(box.y for box in boxes)
    right, bottom = max(box.x + box.width for box in boxes), max(box.y + box.height for box in boxes)
    return Box(x=x, y=y, width=right - x, height=bottom - y)


def slices(box: Box, within: Box | None = None) -> tuple[slice, slice]:
    """Return the rows and columns of a box in the whole picture, or in the box it lies within."""
    x, y = (box.x - within.x, box.y - within.y) if within else (box.x, box.y)
    return slice(y, y + box.height), slice(x, x + box.width)

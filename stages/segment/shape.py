"""From what the prompts say of a frame to its Mask: made sure, held, widened, softened, snapped to the chroma grid.

Everything works on the box that encloses the object, so the cost grows with the hole and not with the picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.pixels import align, layout
from transport.messages import Box, Mask, PictureFormat

Grey = NDArray[np.uint8]  # (H, W), 0 to 255

SURE = 128  # belongs to the object
MAYBE = 64  # belongs to it when connected to what is sure (hysteresis, Canny 1986): soft or compressed masks
MAX_HOLD = 254  # frames: what a byte counts
NOTHING = Mask(box=Box(x=0, y=0, width=0, height=0), alpha=np.zeros((0, 0), np.uint8))


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


def unite(spots: Sequence[Spot]) -> Spot | None:
    """Return one spot that says of every pixel the most that any of them says; None of none."""
    if len(spots) < 2:
        return spots[0] if spots else None
    box = _enclose([spot.box for spot in spots])
    values = np.zeros((box.height, box.width), np.uint8)
    for spot in spots:
        part = values[_slices(spot.box, box)]
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
    return _tight(core, spot.box)


class Holder:
    """Keeps a pixel in the mask for some frames after the prompt left it; holds a byte for every pixel."""

    def __init__(self, picture: PictureFormat, frames: int) -> None:
        self._frames = frames
        self._left = np.zeros((picture.height, picture.width) if frames else (0, 0), np.uint8)  # frames still to go
        self._box: Box | None = None  # encloses all that is not 0

    def step(self, spot: Spot | None) -> Spot | None:
        """Take the next frame's object, as `sure` returns it, and return it with what is held of earlier ones."""
        if not self._frames:
            return spot
        boxes = [box for box in (self._box, spot and spot.box) if box]
        if not boxes:
            return None
        box = _enclose(boxes)
        left = self._left[_slices(box)]
        left -= left > 0
        if spot:
            self._left[_slices(spot.box)][spot.values > 0] = self._frames + 1
        held = _tight(left > 0, box)
        self._box = held.box if held else None
        return held

    def forget(self) -> None:
        """Begin anew: at a cut, what was held of the old shot says nothing of the new one."""
        self._left[:] = 0
        self._box = None


def soften(spot: Spot | None, picture: PictureFormat, *, dilate: int, feather: int) -> Mask:
    """Return the mask: 255 up to `dilate` pixels around the object, then falling to 0 over `feather` pixels more.

    A cell of the chroma grid that is touched at all is touched everywhere (alpha 1 at least): its pixels share a
    colour sample, so they could not stay as they are.
    """
    if spot is None:
        return NOTHING
    box = align(_grow(spot.box, dilate + feather, picture), picture)
    outside = np.full((box.height, box.width), 255, np.uint8)
    outside[_slices(spot.box, box)] = 255 - spot.values
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


def _tight(inside: NDArray[np.bool_], box: Box) -> Spot | None:
    x, y, width, height = cv2.boundingRect(np.ascontiguousarray(inside).view(np.uint8))
    if not width:
        return None
    values = inside[y : y + height, x : x + width].astype(np.uint8) * np.uint8(255)
    return Spot(box=Box(x=box.x + x, y=box.y + y, width=width, height=height), values=values)


def _enclose(boxes: Sequence[Box]) -> Box:
    x, y = min(box.x for box in boxes), min(box.y for box in boxes)
    right, bottom = max(box.x + box.width for box in boxes), max(box.y + box.height for box in boxes)
    return Box(x=x, y=y, width=right - x, height=bottom - y)


def _grow(box: Box, pixels: int, picture: PictureFormat) -> Box:
    x, y = max(box.x - pixels, 0), max(box.y - pixels, 0)
    right = min(box.x + box.width + pixels, picture.width)
    bottom = min(box.y + box.height + pixels, picture.height)
    return Box(x=x, y=y, width=right - x, height=bottom - y)


def _slices(box: Box, within: Box | None = None) -> tuple[slice, slice]:
    x, y = (box.x - within.x, box.y - within.y) if within else (box.x, box.y)
    return slice(y, y + box.height), slice(x, x + box.width)

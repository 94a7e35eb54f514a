"""A part of a picture at a size at which every pixel can be thought about: where it lies, and what in it is given."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.segment.spot import common, enlarge, slices
from stages.segment.view import Colours, Grey, View
from transport.messages import Box

Map = NDArray[np.float32]  # (h, w)
Flags = NDArray[np.bool_]  # (h, w)

SIDE = 160  # pixels: of the longer side, at most
AROUND = 0.4  # of the box on each side: surroundings to tell it from
LEAST = 8  # pixels of surroundings, wherever the picture has them


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Area:
    """A box in the picture with its surroundings, made smaller."""

    place: Box  # of the whole area, in the picture
    picture: Colours  # (h, w, 3)
    across: Map  # -1 at the left side of the box inside, 1 at its right
    down: Map
    inside: Flags  # the box inside: nothing beyond it is the object


def around(view: View, box: Box, side: int = SIDE) -> Area:
    """Return a box of a picture with its surroundings."""
    place = enlarge(box, AROUND, view.frame.format, least=LEAST)
    picture = shrunk(view, place, side)
    height, width = picture.shape[:2]
    x = (np.arange(width, dtype=np.float32) + 0.5) * (place.width / width) + (place.x - box.x)
    y = (np.arange(height, dtype=np.float32) + 0.5) * (place.height / height) + (place.y - box.y)
    across, down = 2 * x / box.width - 1, 2 * y / box.height - 1
    inside = _within(down)[:, None] & _within(across)
    across, down = np.meshgrid(across, down)
    return Area(place=place, picture=picture, across=across, down=down, inside=inside)


def _within(along: NDArray[np.float32]) -> Flags:
    """Return which pixels lie between -1 and 1: never none, however thin a box is."""
    within: Flags = (abs(along) < 1) | (abs(along) == abs(along).min())
    return within


def shrunk(view: View, place: Box, side: int) -> Colours:
    """Return a place in a picture with its longer side no longer than `side`."""
    return np.asarray(cv2.resize(view.crop(place), _size(place, side), interpolation=cv2.INTER_AREA), np.uint8)


def shrunk_luma(view: View, place: Box, side: int) -> Grey:
    """Return the brightness alone, (h, w), for which no colours need be converted."""
    return np.asarray(cv2.resize(view.luma[slices(place)], _size(place, side), interpolation=cv2.INTER_AREA), np.uint8)


def _size(place: Box, side: int) -> tuple[int, int]:
    scale = min(1.0, side / max(place.width, place.height))
    return max(2, round(place.width * scale)), max(2, round(place.height * scale))


def within(area: Area, values: NDArray[Any], place: Box) -> Map:
    """Return values that lie at a place in the picture as the area has them: 0 to 1 for bytes, 0 elsewhere."""
    whole = np.zeros((area.place.height, area.place.width), np.float32)
    if shared := common(place, area.place):
        whole[slices(shared, area.place)] = values[slices(shared, place)] / np.float32(255)
    size = area.picture.shape[1::-1]
    return np.asarray(cv2.resize(whole, size, interpolation=cv2.INTER_AREA), np.float32)

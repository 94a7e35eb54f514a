"""The appearance of a lost object and a whole picture in, the places where it may be out, best first.

Looks of the past are slid over the picture at some scales; what fits best is looked at again by the whole of the
appearance, which has to see the object where the look says it is, and surroundings around it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from stages.segment.spot import Grey, Spot
from stages.segment.track.appearance.looks import SIDE, Look, channels, matches, resized
from stages.segment.track.appearance.model import Appearance
from stages.segment.view import Colours
from transport.messages import Box

SCALES = (0.7, 1.0, 1.4)  # of the size that it had
LONGEST = 320  # pixels: of the longer side of what is searched
TRIED = 2  # places for each look and scale
LOOKED_AT = 2  # places that are looked at again
CHECK_SIDE = 45  # pixels: square root of the object's area when looked at again
MARGIN = 0.4  # of the object's size: its surroundings when looked at again
SURENESS = (8.0, 14.0, -14.0, -8.5)  # of likeness, of object inside, of object outside, at 0: log-odds


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Found:
    """A place where the object may be."""

    spot: Spot  # its outline of old, in pixels of the picture
    confidence: float  # 0 to 1, how often such a place is right


class _Place(NamedTuple):
    box: Box
    this: Look
    likeness: float


def find(appearance: Appearance, picture: Colours, size: float) -> list[Found]:
    """Return where in an (h, w, 3) picture the object may be; `size` is the square root of the area that it had.

    The picture is best reduced until that is about CHECK_SIDE: no finer is looked at it, and the cost is the picture's.
    """
    places = sorted(_places(appearance.looks, picture, size), key=lambda place: -place.likeness)
    apart: list[_Place] = []
    for place in places:
        if len(apart) < LOOKED_AT and not any(_same(place.box, other.box) for other in apart):
            apart.append(place)
    found = [_look_again(appearance, picture, place) for place in apart]
    return sorted(found, key=lambda place: -place.confidence)


def _places(looks: Sequence[Look], picture: Colours, size: float) -> Iterator[_Place]:
    height, width = picture.shape[:2]
    for scale in SCALES:
        factor = min(SIDE / (size * scale), LONGEST / max(width, height))
        columns, rows = max(1, round(width * factor)), max(1, round(height * factor))
        reduced = channels(picture, (columns, rows))
        for this in looks:
            fitting = resized(this, size * scale * factor / SIDE)
            for match in matches(reduced, fitting, TRIED):
                yield _Place(_box(match.x, match.y, fitting, picture, columns, rows), this, match.likeness)


def _box(x: int, y: int, this: Look, picture: Colours, columns: int, rows: int) -> Box:
    """Return in pixels of the picture what a look covers in the reduced one."""
    (height, width), (down, across) = picture.shape[:2], this.values.shape
    left, top = min(round(x * width / columns), width - 1), min(round(y * height / rows), height - 1)
    right, bottom = round((x + across) * width / columns), round((y + down) * height / rows)
    return Box(x=left, y=top, width=max(1, min(right, width) - left), height=max(1, min(bottom, height) - top))


def _same(one: Box, other: Box) -> bool:
    """Whether the middle of one box lies in the middle half of the other."""
    dx = abs(2 * one.x + one.width - 2 * other.x - other.width)
    dy = abs(2 * one.y + one.height - 2 * other.y - other.height)
    return 2 * dx < other.width and 2 * dy < other.height


def _look_again(appearance: Appearance, picture: Colours, place: _Place) -> Found:
    box = place.box
    outline = np.asarray(cv2.resize(place.this.values, (box.width, box.height)) > 0.5, np.uint8) * np.uint8(255)
    inside, outside = _agreement(appearance, picture, box, outline)
    a, b, c, d = SURENESS
    odds = a * place.likeness + b * inside + c * outside + d
    return Found(spot=Spot(box=box, values=outline), confidence=float(1 / (1 + np.exp(-odds))))


def _agreement(appearance: Appearance, picture: Colours, box: Box, outline: Grey) -> tuple[float, float]:
    """Return the share of the object that the appearance sees within the outline, and beyond it."""
    size = max(float(np.count_nonzero(outline)), 1.0) ** 0.5
    margin, scale = round(MARGIN * size), min(1.0, CHECK_SIDE / size)
    x, y = max(box.x - margin, 0), max(box.y - margin, 0)
    patch = picture[y : box.y + box.height + margin, x : box.x + box.width + margin]
    prior = np.zeros(patch.shape[:2], np.uint8)
    prior[box.y - y : box.y - y + box.height, box.x - x : box.x - x + box.width] = outline
    small = max(1, round(patch.shape[1] * scale)), max(1, round(patch.shape[0] * scale))
    prior = np.asarray(cv2.resize(prior, small, interpolation=cv2.INTER_AREA), np.uint8)
    scores = appearance.score(np.asarray(cv2.resize(patch, small, interpolation=cv2.INTER_AREA), np.uint8), prior)
    chance = 1 / (1 + np.exp(-scores))
    within = prior >= 128
    return float(chance[within].mean()) if within.any() else 0.0, float(
        chance[~within].mean()
    ) if not within.all() else 0.5

"""An object's box in, the part of the picture to look at and how finely out; and the way there and back."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.segment.spot import Spot, slices
from stages.segment.view import View
from transport.messages import Box

Grey = NDArray[np.uint8]  # (h, w)
Lab = NDArray[np.uint8]  # (h, w, 3) CIE L*a*b* in bytes, as OpenCV has it
Floats = NDArray[np.float32]

MARGIN = 0.4  # of the box's longer side (the mean of its sides, where it is thin), on every side of it
LEAST = 24  # pixels: the margin around small objects
SLACK = 0.08  # of the square root of a scope's area: edges that lie as near show the same
AREA = 180 * 180  # working pixels that a scope has room for; smaller ones keep their pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """A part of the picture, looked at in working pixels."""

    box: Box  # pixels of the picture
    width: int  # working pixels
    height: int

    @property
    def scale(self) -> float:
        """Working pixels per pixel of the picture."""
        return float((self.width * self.height / (self.box.width * self.box.height)) ** 0.5)


def scope_around(left: float, top: float, right: float, bottom: float, picture: tuple[int, int]) -> Scope:
    """Return the scope for an object whose edges these are, in pixels of a picture (width, height)."""
    sides = max(right - left, 1.0), max(bottom - top, 1.0)
    margin = max(LEAST, MARGIN * (max(sides) + min(sides)) / 2)
    x, x_end = _span(left - margin, right + margin, picture[0])
    y, y_end = _span(top - margin, bottom + margin, picture[1])
    box = Box(x=x, y=y, width=x_end - x, height=y_end - y)
    scale = min(1.0, (AREA / (box.width * box.height)) ** 0.5)
    return Scope(box=box, width=max(1, round(box.width * scale)), height=max(1, round(box.height * scale)))


def alike(one: Scope, other: Scope) -> bool:
    """Whether two scopes show about the same part of the picture."""
    a, b = one.box, other.box
    left, top = abs(a.x - b.x), abs(a.y - b.y)
    right, bottom = abs(a.x + a.width - b.x - b.width), abs(a.y + a.height - b.y - b.height)
    return max(left, top, right, bottom) ** 2 < SLACK**2 * a.width * a.height


def look(view: View, scope: Scope) -> Lab:
    """Return the scope's colours in working pixels."""
    bgr = view.crop(scope.box)
    if (scope.width, scope.height) != (scope.box.width, scope.box.height):
        bgr = cv2.resize(bgr, (scope.width, scope.height), interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2LAB), np.uint8)


def within(spot: Spot, scope: Scope) -> Floats:
    """Return how much of every working pixel a spot covers, 0 to 1."""
    box, inner = scope.box, spot.box
    left, right = max(box.x, inner.x), min(box.x + box.width, inner.x + inner.width)
    top, bottom = max(box.y, inner.y), min(box.y + box.height, inner.y + inner.height)
    values = np.zeros((box.height, box.width), np.float32)
    if left < right and top < bottom:
        part = Box(x=left, y=top, width=right - left, height=bottom - top)
        values[slices(part, box)] = spot.values[slices(part, inner)] * np.float32(1 / 255)
    return np.asarray(cv2.resize(values, (scope.width, scope.height), interpolation=cv2.INTER_AREA), np.float32)


def _span(start: float, end: float, side: int) -> tuple[int, int]:
    """Return whole pixels inside the picture, at least one."""
    first = int(min(max(np.floor(start), 0), side - 1))
    return first, int(min(max(np.ceil(end), first + 1), side))

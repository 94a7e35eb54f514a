"""Where a tracker that thinks in boxes believes its object to be, which way it goes, and where to look for it."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stages.segment.spot import Spot, sure
from stages.segment.view import View
from transport.messages import Box

Sides = NDArray[np.float64]  # (4,) pixels: left, top, right, bottom of a box

SMALLEST: Final = 10  # pixels of a side; less shows nothing to look for
STEADY: Final = 0.5  # weight of the newest shift in an object's motion
LEAVING: Final = 25  # frames in which what is at the picture's edge must be out of it, or it does not leave


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A box, which need not end at the picture's edge."""

    x: float  # pixels, of the centre
    y: float
    width: float
    height: float

    @property
    def context(self) -> float:
        """The side of the square that shows the object and half its mean side around it."""
        around = (self.width + self.height) / 2
        return math.sqrt((self.width + around) * (self.height + around))

    def inside(self, view: View) -> Box:
        """Return its part in the picture, at least a pixel."""
        x, width = _clip(self.x - self.width / 2, self.x + self.width / 2, view.width)
        y, height = _clip(self.y - self.height / 2, self.y + self.height / 2, view.height)
        return Box(x=x, y=y, width=width, height=height)


def place_of(spot: Spot) -> Place:
    """Return the place of what is sure of a spot."""
    box = (sure(spot) or spot).box
    width, height = max(SMALLEST, box.width), max(SMALLEST, box.height)
    return Place(x=box.x + box.width / 2, y=box.y + box.height / 2, width=width, height=height)


def everywhere(turn: int, side: int, view: View) -> tuple[float, float]:
    """Return the centre of one of the squares that show all of the picture in turn, half over each other."""
    columns, rows = (max(1, math.ceil(2 * length / side) - 1) for length in (view.width, view.height))
    row, column = divmod(turn % (columns * rows), columns)
    return view.width * (column + 1) / (columns + 1), view.height * (row + 1) / (rows + 1)


class Way:
    """Which way an object goes, and whether that is out of the picture; holds the last box."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Know that the next box has nothing to do with the last."""
        self._sides: Sides | None = None
        self._motion = np.zeros(4)  # of the sides, pixels in a frame
        self._frames = math.inf  # until it is out of the picture

    def see(self, view: View, box: Box, margin: float) -> None:
        """Take its box in the next frame, which may end some pixels before the picture does."""
        sides = np.array([box.x, box.y, box.x + box.width, box.y + box.height], np.float64)
        if self._sides is not None:
            self._motion += STEADY * (sides - self._sides - self._motion)
        self._sides, self._frames = sides, _frames_left(sides, self._motion, margin, view)

    def left(self, age: float) -> bool:
        """Tell whether what was not seen for so many frames has gone out of the picture as it went before."""
        return age >= self._frames


def _frames_left(sides: Sides, motion: Sides, margin: float, view: View) -> float:
    """Return in how many frames a box at the picture's edge has moved out over it; infinity if never."""
    left, top, right, bottom = sides
    ways = (
        (left <= margin, right, -motion[2]),
        (top <= margin, bottom, -motion[3]),
        (right >= view.width - margin, view.width - left, motion[0]),
        (bottom >= view.height - margin, view.height - top, motion[1]),
    )
    frames = [float(way / speed) for near, way, speed in ways if near and speed * LEAVING >= way]
    return min(frames, default=math.inf)


def _clip(first: float, end: float, length: int) -> tuple[int, int]:
    """Return the first pixel and the number of those that lie in the picture, at least one."""
    inner = min(max(round(first), 0), length - 1)
    return inner, max(1, min(round(end), length) - inner)

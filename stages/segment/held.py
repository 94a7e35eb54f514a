"""The last spot of an object that was lost in, where it may be in the frames after that out.

It stays where it was in the scene, or it goes on as it went; and it grows, as it may have turned any way. Of frames of
DAVIS in which the tracker had lost something, the first hides 0.38 of it, and both together 0.53.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from stages.segment.spot import Spot, grown, moved, unite
from transport.messages import PictureFormat

GROWTH: Final = 0.03  # of the square root of its area, per frame
MOST_GROWTH: Final = 1.0  # of the same, in all
SLOW: Final = 0.5  # pixels a frame: what goes no faster stays

Shift = tuple[float, float]  # pixels, right and down


def ways_of(spot: Spot, speed: Shift) -> list["Held"]:
    """Return the ways in which an object that went so fast in the scene may be held."""
    ways = [Held(spot, (0.0, 0.0))]
    return [*ways, Held(spot, speed)] if np.hypot(*speed) > SLOW else ways


def carried(ways: Sequence["Held"], shift: Shift, picture: PictureFormat) -> Spot | None:
    """Return what to hide in the next frame, the camera having moved the picture so; None if all is out of it."""
    return unite([spot for way in ways if (spot := way.step(shift, picture))])


def side(spot: Spot) -> float:
    """Return the square root of a spot's area."""
    return float(np.sqrt(np.count_nonzero(spot.values)))


class Held:
    """One way in which it may have gone; holds its spot."""

    def __init__(self, spot: Spot, speed: Shift) -> None:
        self._spot: Spot | None = spot
        self._speed = speed
        self._allowed = MOST_GROWTH * side(spot)  # pixels that it may still grow by
        self._rest = (0.0, 0.0)  # of its shift, less than a pixel

    def step(self, shift: Shift, picture: PictureFormat) -> Spot | None:
        """Return where it may be in the next frame; None once that is out of the picture."""
        if self._spot is None:
            return None
        pixels = min(max(1, round(GROWTH * side(self._spot))), int(self._allowed))
        self._allowed -= pixels
        dx, dy = (sum(parts) for parts in zip(self._rest, shift, self._speed, strict=True))
        self._rest = dx - round(dx), dy - round(dy)
        spot = moved(self._spot, (round(dx), round(dy)), picture)
        self._spot = grown(spot, pixels, picture) if spot else None
        return self._spot

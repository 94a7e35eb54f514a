"""What every way of finding an object's outline in one frame takes and gives."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from stages.segment.spot import Spot
from stages.segment.view import View
from transport.messages import Box


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A pixel that was pointed at."""

    x: int
    y: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Hint:
    """What was said of one object in one frame; at least one of it. All of it lies inside the picture."""

    box: Box | None = None  # around the object
    points: tuple[Point, ...] = ()  # on the object
    background: tuple[Point, ...] = ()  # beside the object
    spot: Spot | None = None  # a rough or older outline


class Segmenter(Protocol):
    """Finds the outline of what a hint means."""

    def segment(self, view: View, hint: Hint, window: Sequence[View] = ()) -> Spot:
        """Return the object, 0 to 255 with 128 as its outline.

        `window` holds other frames of the same shot, nearest first, as far as they are known: what moves apart from
        its surroundings between them and `view` is one thing. Never empty: where nothing better is found, the box
        itself, or a small disc around the points.
        """
        ...

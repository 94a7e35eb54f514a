"""What every way of finding objects of a class takes and gives."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from stages.segment.spot import Spot
from stages.segment.view import View
from transport.messages import Box


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Detection:
    """One object of a class in one frame."""

    label: str  # person, car, ...
    score: float  # 0 to 1
    box: Box  # inside the picture, not empty
    spot: Spot | None = None  # its outline, from those that know it


class Detector(Protocol):
    """Finds all objects of the classes that it was made for."""

    def detect(self, view: View) -> Sequence[Detection]:
        """Return what is in this frame, best first; each object once."""
        ...

"""What is done about an object that its tracker lost: hide where it was, blur it, or stop."""

import logging
from dataclasses import dataclass
from typing import Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.errors import LostError, OptionError
from stages.segment.spot import Spot, grown, moved
from stages.segment.track.tracker import Sighting
from stages.segment.view import View

log = logging.getLogger(__name__)

Policy = Literal["hold", "blur", "stop"]
POLICIES: Final[tuple[Policy, ...]] = ("hold", "blur", "stop")
GROWTH: Final = 0.03  # of the square root of its area, per frame: it may move any way
MOST_GROWTH: Final = 1.0  # of the same, in all
THUMBNAIL: Final = 160  # pixels across, in which the camera's motion is looked for
SURE_SHIFT: Final = 0.1  # response of the phase correlation below which the camera is taken to stand still


def check_policy(name: str) -> Policy:
    """Return the policy of that name; OptionError if there is none."""
    for policy in POLICIES:
        if policy == name:
            return policy
    raise OptionError(f"--lost {name} cannot be used; {', '.join(POLICIES)} can")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cover:
    """What is to be hidden of an object in one frame."""

    spot: Spot | None = None  # all of it
    blurred: Spot | None = None  # the part of it that is to be blurred, not filled


class Guard:
    """Watches over one object; holds its last spot."""

    def __init__(self, name: str, policy: Policy) -> None:
        """Take what the object is called in messages."""
        self._name, self._policy = name, policy
        self._last: Spot | None = None
        self._allowed = 0.0  # pixels that it may still grow by
        self._rest = (0.0, 0.0)  # of the camera's shift, less than a pixel
        self._missing = False

    def step(self, view: View, sighting: Sighting, shift: tuple[float, float]) -> Cover:
        """Return what to hide in this frame, `shift` being how far the camera moved the picture since the last.

        LostError if that is the policy.
        """
        if sighting.spot is not None:
            self._see(view, sighting.spot)
            return Cover(spot=sighting.spot)
        if sighting.left:
            self._say(view, "has left the picture")
            self._last = None
            return Cover()
        if self._policy == "stop":
            raise LostError(f"frame {view.seq}: {self._name} is lost; --lost hold or blur would go on")
        self._say(view, "is lost; where it was last is " + ("filled" if self._policy == "hold" else "blurred"))
        held = self._hold(view, shift)
        return Cover(spot=held, blurred=held if self._policy == "blur" else None)

    def cut(self) -> None:
        """Know that a new shot begins: where the object was says nothing any more."""
        self._last = None

    def _see(self, view: View, spot: Spot) -> None:
        if self._missing:
            log.warning("frame %d: %s is seen again", view.seq, self._name)
        self._missing, self._last, self._rest = False, spot, (0.0, 0.0)
        self._allowed = MOST_GROWTH * _side(spot)

    def _say(self, view: View, what: str) -> None:
        if not self._missing:
            log.warning("frame %d: %s %s", view.seq, self._name, what)
        self._missing = True

    def _hold(self, view: View, shift: tuple[float, float]) -> Spot | None:
        if self._last is None:
            return None
        pixels = min(max(1, round(GROWTH * _side(self._last))), int(self._allowed))
        self._allowed -= pixels
        dx, dy = self._rest[0] + shift[0], self._rest[1] + shift[1]
        self._rest = dx - round(dx), dy - round(dy)
        held = moved(self._last, (round(dx), round(dy)), view.frame.format)
        self._last = grown(held, pixels, view.frame.format) if held else None
        return self._last


def _side(spot: Spot) -> float:
    return float(np.sqrt(np.count_nonzero(spot.values)))


class Camera:
    """How far the picture as a whole moves from frame to frame; holds a thumbnail.

    Phase correlation (Kuglin and Hines 1975) of what is in the thumbnails, whose edges are faded out.
    """

    def __init__(self) -> None:
        self._before: NDArray[np.float32] | None = None
        self._fade: NDArray[np.float32] | None = None

    def step(self, view: View) -> tuple[float, float]:
        """Return the shift in pixels, right and down, since the view before; none where it is not sure."""
        scale = max(1.0, view.width / THUMBNAIL)
        size = max(8, round(view.width / scale)), max(8, round(view.height / scale))
        small = cv2.resize(view.luma, size, interpolation=cv2.INTER_AREA).astype(np.float32)
        before, self._before = self._before, small
        if before is None:
            self._fade = cv2.createHanningWindow(size, cv2.CV_32F).astype(np.float32)
            return 0.0, 0.0
        assert self._fade is not None
        (dx, dy), response = cv2.phaseCorrelate(before, small, self._fade)
        if response < SURE_SHIFT:
            return 0.0, 0.0
        return dx * view.width / size[0], dy * view.height / size[1]

"""What is done about an object that its tracker lost: hide where it was, blur it, or stop."""

import logging
from dataclasses import dataclass
from typing import Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.errors import LostError, OptionError
from stages.segment.spot import Spot, grown, moved
from stages.segment.track.place import LEAVING, Way
from stages.segment.track.tracker import Sighting
from stages.segment.view import View

log = logging.getLogger(__name__)

Policy = Literal["hold", "blur", "stop"]
POLICIES: Final[tuple[Policy, ...]] = ("hold", "blur", "stop")
GROWTH: Final = 0.03  # of the square root of its area, per frame: it may move any way
MOST_GROWTH: Final = 1.0  # of the same, in all
THUMBNAIL: Final = 160  # pixels across, in which the camera's motion is looked for
NEAR: Final = 0.05  # of the same: an object that ends so near the picture's edge may be on its way out
SLOWER: Final = 1.5  # times as long as it would take at its last speed, it is hidden on its way out
SLIVER: Final = 0.25  # of the area it had: with no more than that in sight at the edge, the rest is out by then
FADES: Final = 0.99  # of that area, in a frame: things that go away become smaller
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
        self.out = False  # it was not seen in the last frame because it has left the picture
        self._name, self._policy = name, policy
        self._last: Spot | None = None  # None: nothing is known of where it is
        self._way = Way()
        self._unseen = 0  # frames
        self._share = 1.0  # of the area it had, that was seen last
        self._area = 0.0  # that it had, pixels
        self._allowed = 0.0  # pixels that it may still grow by
        self._rest = (0.0, 0.0)  # of the camera's shift, less than a pixel
        self._said = ""  # of its being away

    def step(self, view: View, sighting: Sighting, shift: tuple[float, float]) -> Cover:
        """Return what to hide in this frame, `shift` being how far the camera moved the picture since the last.

        LostError if that is the policy. That it has left the picture is believed of what was going out of it only: a
        tracker may just as well lose something that stands at the picture's edge.
        """
        if sighting.spot is not None:
            self._see(view, sighting.spot)
            return Cover(spot=sighting.spot)
        self._unseen += 1
        self.out = sighting.left and self._is_out()
        if self.out:
            self._say(view, "has left the picture")
            self._last = None
        elif not (sighting.left and self._way.left(LEAVING)):
            self._miss(view)
        held = self._hold(view, shift)
        return Cover(spot=held, blurred=held if self._policy == "blur" else None)

    def cut(self) -> None:
        """Know that a new shot begins: where the object was says nothing any more."""
        self._last, self.out = None, False
        self._way.forget()

    def _see(self, view: View, spot: Spot) -> None:
        if self._said:
            log.warning("frame %d: %s is seen again", view.seq, self._name)
        if self._unseen:
            self._way.forget()
        side = _side(spot)
        self._way.see(view, spot.box, NEAR * side)
        self._area = max(side * side, FADES * self._area)
        self._share = side * side / max(self._area, 1.0)
        self.out, self._said, self._unseen = False, "", 0
        self._last, self._rest = spot, (0.0, 0.0)
        self._allowed = MOST_GROWTH * side

    def _is_out(self) -> bool:
        if self._way.left(LEAVING):
            return self._way.left(self._unseen / SLOWER)
        return self._last is None or (self._share <= SLIVER and self._unseen >= LEAVING)

    def _miss(self, view: View) -> None:
        if self._policy == "stop":
            raise LostError(f"frame {view.seq}: {self._name} is lost; --lost hold or blur would go on")
        if self._last is None:
            self._say(view, "is not seen; nothing of it is hidden until it is")
        else:
            self._say(view, "is lost; where it was last is " + ("filled" if self._policy == "hold" else "blurred"))

    def _say(self, view: View, what: str) -> None:
        if self._said != what:
            log.warning("frame %d: %s %s", view.seq, self._name, what)
        self._said = what

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

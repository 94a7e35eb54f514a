"""What is done about an object that its tracker lost: hide where it was, blur it, or stop."""

import logging
from dataclasses import dataclass
from typing import Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.errors import LostError, OptionError
from stages.segment.held import Held, Shift, carried, side, ways_of
from stages.segment.spot import Spot
from stages.segment.track.place import LEAVING, Way
from stages.segment.track.tracker import Sighting
from stages.segment.view import View
from transport.messages import Box

log = logging.getLogger(__name__)

Policy = Literal["hold", "blur", "stop"]
POLICIES: Final[tuple[Policy, ...]] = ("hold", "blur", "stop")
THUMBNAIL: Final = 160  # pixels across, in which the camera's motion is looked for
STEADY: Final = 0.5  # weight of the newest shift in an object's speed
NEAR: Final = (
    0.05  # of the square root of its area: an object that ends so near the picture's edge may be on its way out
)
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
    """Watches over one object; holds its last spot, and where it may have gone."""

    def __init__(self, name: str, policy: Policy) -> None:
        """Take what the object is called in messages."""
        self.out = False  # it was not seen in the last frame because it has left the picture
        self._name, self._policy = name, policy
        self._held: list[Held] = []  # none: nothing is known of where it is
        self._centre: Shift | None = None  # in the frame before
        self._speed = (0.0, 0.0)  # in the scene, pixels a frame
        self._way = Way()
        self._unseen = 0  # frames
        self._share = 1.0  # of the area it had, that was seen last
        self._area = 0.0  # that it had, pixels
        self._said = ""  # of its being away

    def step(self, view: View, sighting: Sighting, shift: Shift) -> Cover:
        """Return what to hide in this frame, `shift` being how far the camera moved the picture since the last.

        LostError if that is the policy. That it has left the picture is believed of what was going out of it only: a
        tracker may just as well lose something that stands at the picture's edge.
        """
        if sighting.spot is not None:
            self._see(view, sighting.spot, shift)
            return Cover(spot=sighting.spot)
        self._unseen += 1
        self.out = sighting.left and self._is_out()
        if self.out:
            self._say(view, "has left the picture")
            self._held = []
        elif not (sighting.left and self._way.left(LEAVING)):
            self._miss(view)
        self._centre = None
        spot = carried(self._held, shift, view.frame.format)
        return Cover(spot=spot, blurred=spot if self._policy == "blur" else None)

    def cut(self) -> None:
        """Know that a new shot begins: where the object was says nothing any more."""
        self._held, self._centre, self.out = [], None, False
        self._way.forget()

    def _see(self, view: View, spot: Spot, shift: Shift) -> None:
        if self._said:
            log.warning("frame %d: %s is seen again", view.seq, self._name)
        if self._unseen:
            self._way.forget()
        size = side(spot)
        self._way.see(view, spot.box, NEAR * size)
        self._area = max(size * size, FADES * self._area)
        self._share = size * size / max(self._area, 1.0)
        self._go(spot.box, shift)
        self.out, self._said, self._unseen, self._held = False, "", 0, ways_of(spot, self._speed)

    def _go(self, box: Box, shift: Shift) -> None:
        """Take its next place, and how far the camera moved the picture."""
        before, self._centre = self._centre, (box.x + box.width / 2, box.y + box.height / 2)
        if before is None:
            self._speed = 0.0, 0.0
            return
        x, y = (now - then - camera for now, then, camera in zip(self._centre, before, shift, strict=True))
        self._speed = self._speed[0] + STEADY * (x - self._speed[0]), self._speed[1] + STEADY * (y - self._speed[1])

    def _is_out(self) -> bool:
        if self._way.left(LEAVING):
            return self._way.left(self._unseen / SLOWER)
        return not self._held or (self._share <= SLIVER and self._unseen >= LEAVING)

    def _miss(self, view: View) -> None:
        if self._policy == "stop":
            raise LostError(f"frame {view.seq}: {self._name} is lost; --lost hold or blur would go on")
        if not self._held:
            self._say(view, "is not seen; nothing of it is hidden until it is")
        else:
            self._say(view, "is lost; where it was last is " + ("filled" if self._policy == "hold" else "blurred"))

    def _say(self, view: View, what: str) -> None:
        if self._said != what:
            log.warning("frame %d: %s %s", view.seq, self._name, what)
        self._said = what


class Camera:
    """How far the picture as a whole moves from frame to frame; holds a thumbnail.

    Phase correlation (Kuglin and Hines 1975) of what is in the thumbnails, whose edges are faded out.
    """

    def __init__(self) -> None:
        self._before: NDArray[np.float32] | None = None
        self._fade: NDArray[np.float32] | None = None

    def step(self, view: View) -> Shift:
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

"""What every way of following objects from frame to frame takes and gives."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from stages.segment.spot import Spot
from stages.segment.view import View


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sighting:
    """What is known of an object in one frame."""

    spot: Spot | None  # 0 to 255 with 128 as its outline; None: it is not seen
    confidence: float  # 0 to 1, that the spot, or its absence, is right
    age: int = 0  # frames since it was last surely seen; 0 is now
    left: bool = False  # it was last seen going out of the picture


class Tracker(Protocol):
    """Follows several objects at once, one frame at a time; what it holds is bounded whatever the length."""

    def point(self, view: View, name: int, spot: Spot) -> None:
        """Begin to follow an object that is `spot` in this frame, or be corrected about one.

        Follows the `step` for this same frame, if there was one.
        """
        ...

    def step(self, view: View) -> Mapping[int, Sighting]:
        """Return where every object is in the next frame."""
        ...

    def cut(self) -> None:
        """Know that the next frame begins a new shot: nothing is where it was, but may be seen again."""
        ...

    def forget(self, name: int) -> None:
        """Follow an object no more."""
        ...


class Follower(Protocol):
    """Follows one object; made from the first view of it and its spot there."""

    def correct(self, view: View, spot: Spot) -> None:
        """Take in what the user says of the frame that was last stepped to."""
        ...

    def step(self, view: View) -> Sighting:
        """Return where the object is in the next frame."""
        ...

    def cut(self) -> None:
        """Know that the next frame begins a new shot."""
        ...


class Each:
    """A tracker that follows every object by itself."""

    def __init__(self, follower: Callable[[View, Spot], Follower]) -> None:
        """Take how a follower is made."""
        self._make = follower
        self._followers: dict[int, Follower] = {}

    def point(self, view: View, name: int, spot: Spot) -> None:
        """Begin to follow an object, or be corrected about one."""
        if name in self._followers:
            self._followers[name].correct(view, spot)
        else:
            self._followers[name] = self._make(view, spot)

    def step(self, view: View) -> dict[int, Sighting]:
        """Return where every object is in the next frame."""
        return {name: follower.step(view) for name, follower in self._followers.items()}

    def cut(self) -> None:
        """Know that the next frame begins a new shot."""
        for follower in self._followers.values():
            follower.cut()

    def forget(self, name: int) -> None:
        """Follow an object no more."""
        self._followers.pop(name, None)

"""The trackers that compete, by name: a frame and the object in it in, a follower out."""

from collections.abc import Callable
from importlib import import_module

from stages.segment.spot import Spot
from stages.segment.track.tracker import Follower
from stages.segment.view import View
from tests.bench.tracking.baselines import Flow, Held, nanotrack, present_box

Make = Callable[[View, Spot], Follower]


def _propagate() -> Make:
    made: Make = import_module("stages.segment.track.propagate").MaskFollower
    return made


TRACKERS: dict[str, Callable[[], Make]] = {
    "held": lambda: Held,
    "flow": lambda: Flow,
    "box": lambda: present_box,
    "nanotrack+grabcut": lambda: nanotrack,
    "propagate": _propagate,
}
BY_BOX = frozenset({"box", "nanotrack+grabcut"})  # begin from the box itself, whatever is asked: masks mean nothing


def find_tracker(name: str) -> Make:
    """Return how a tracker is made; one sentence and the end if there is none of that name."""
    if name not in TRACKERS:
        raise SystemExit(f"there is no tracker {name}; the known ones are {', '.join(TRACKERS)}")
    try:
        return TRACKERS[name]()
    except ImportError as error:
        raise SystemExit(f"tracker {name} cannot be used here: {error}") from error

"""The trackers that compete, by name: a frame and the object in it in, a follower out.

Those with a network are spelt with their checkpoint: siammask:FILE, aott:FILE, r50_aotl:FILE; nanotrack, which has
two, with the folder of them: nanotrack:FOLDER.
"""

from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path

from stages.errors import StageError
from stages.segment.spot import Spot
from stages.segment.track.tracker import Follower, Sighting, Tracker
from stages.segment.view import View
from tests.bench.tracking.baselines import Flow, Held, nanotrack

Make = Callable[[View, Spot], Follower]


class One:
    """A tracker of many that follows one object."""

    def __init__(self, tracker: Tracker, view: View, spot: Spot) -> None:
        self._tracker = tracker
        tracker.point(view, 1, spot)

    def step(self, view: View) -> Sighting:
        """Return where the object is."""
        return self._tracker.step(view)[1]

    def correct(self, view: View, spot: Spot) -> None:
        """Point at it again."""
        self._tracker.point(view, 1, spot)

    def cut(self) -> None:
        """Pass it on."""
        self._tracker.cut()


def _propagate() -> Make:
    made: Make = import_module("stages.segment.track.propagate").MaskFollower
    return made


def _nanotrack(folder: str) -> Make:
    from stages.segment.point.grabcut import GrabCut

    backbone, head = (Path(folder) / f"nanotrack_{part}_sim.onnx" for part in ("backbone", "head"))
    made: Make = partial(
        import_module("stages.segment.track.nanotrack").NanoTrack, backbone=backbone, head=head, segmenter=GrabCut()
    )
    return made


def _siammask(checkpoint: str) -> Make:
    made: Make = import_module("stages.segment.track.siammask").siammask(checkpoint)
    return made


def _aot(variant: str) -> Callable[[str], Make]:
    def make(checkpoint: str) -> Make:
        tracker = import_module("stages.segment.track.aot").Aot
        tracker(checkpoint, variant)  # a wrong file is said at once
        return lambda view, spot: One(tracker(checkpoint, variant), view, spot)

    return make


BASELINES: dict[str, Make] = {"held": Held, "flow": Flow, "nanotrack+grabcut": nanotrack}
LEARNED: dict[str, Callable[[str], Make]] = {
    "nanotrack": _nanotrack,
    "siammask": _siammask,
    **{variant: _aot(variant) for variant in ("aott", "aots", "aotl", "r50_aotl")},
}
TRACKERS = (*BASELINES, "propagate", *(f"{name}:FILE" for name in LEARNED))
# These begin from the box itself: a mask means no more to them.
BY_BOX = frozenset({"nanotrack+grabcut", "nanotrack", "siammask"})


def find_tracker(words: str) -> Make:
    """Return how a tracker is made; one sentence and the end if there is none of that name."""
    name, _, checkpoint = words.partition(":")
    if words in BASELINES:
        return BASELINES[words]
    try:
        if words == "propagate":
            return _propagate()
        if name in LEARNED and checkpoint:
            return LEARNED[name](checkpoint)
    except (ImportError, StageError) as error:
        raise SystemExit(f"tracker {name} cannot be used here: {error}") from error
    raise SystemExit(f"there is no tracker {words}; the known ones are {', '.join(TRACKERS)}")

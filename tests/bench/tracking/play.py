"""A clip and a tracker in, how it did and what it found in every frame out."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from statistics import mean, median

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.segment.point.segmenter import Hint
from stages.segment.spot import SURE, Spot, crop, rectangle, slices
from stages.segment.track.tracker import Sighting
from tests.bench.tracking.clips import Clip, load
from tests.bench.tracking.contest import Make
from tests.bench.tracking.measures import boundary_accuracy, decay, region_similarity

Region = NDArray[np.bool_]  # (H, W)
Begin = Callable[[Clip], Spot]  # what the tracker is told of the first frame

NEAREST = 4  # frames after the first that the segmenter may look at where a box is given


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One tracker on one clip. The frames that count are those between the first and the last, as in DAVIS 2016."""

    clip: str
    tracker: str
    start: str  # mask or box
    first: float  # J of what the tracker began with
    region: float  # mean J
    boundary: float  # mean F
    decay: float  # of J
    lost: float  # share of frames in which nothing was reported
    missed: float  # share of frames with an object in them that have nothing of it
    milliseconds: float  # of the thread's processor time, median of the frames
    regions: tuple[float, ...]  # J of every frame after the first


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Played:
    """A result, and what was found; (H, W) for every frame."""

    result: Result
    found: list[Region]


def evaluate(make: Make, names: Iterable[str], *, begin: Begin | None = None, label: str = "") -> list[Result]:
    """Return how a tracker does on clips, from the first mask unless `begin` says otherwise."""
    cv2.setNumThreads(1)
    return [play(load(name), make, begin=begin or from_mask, label=label).result for name in names]


def play(clip: Clip, make: Make, *, begin: Begin, label: str = "", start: str = "mask") -> Played:
    """Let a tracker follow a clip's object from its first frame to its last."""
    spot, views = begin(clip), clip.views()
    follower = make(next(views), spot)
    sightings, seconds = [], []
    for view in views:
        started = time.thread_time()
        sightings.append(follower.step(view))
        seconds.append(time.thread_time() - started)
    shape = clip.truths[0].shape
    found = [spread(spot, shape), *(spread(sighting.spot, shape) for sighting in sightings)]
    return Played(result=_judge(clip, found, sightings, seconds, label, start), found=found)


def _judge(
    clip: Clip, found: list[Region], sightings: list[Sighting], seconds: list[float], label: str, start: str
) -> Result:
    regions = [region_similarity(*pair) for pair in zip(found, clip.truths, strict=True)]
    boundaries = [boundary_accuracy(*pair) for pair in zip(found[1:-1], clip.truths[1:-1], strict=True)]
    there = [(region, true) for region, true in zip(found[1:], clip.truths[1:], strict=True) if true.any()]
    return Result(
        clip=clip.name,
        tracker=label,
        start=start,
        first=regions[0],
        region=mean(regions[1:-1]),
        boundary=mean(boundaries),
        decay=decay(regions[1:-1]),
        lost=mean(sighting.spot is None for sighting in sightings),
        missed=mean(not (region & true).any() for region, true in there),
        milliseconds=1000 * median(seconds),
        regions=tuple(regions[1:]),
    )


def from_mask(clip: Clip) -> Spot:
    """Return the object as it truly is in the first frame."""
    spot = crop(clip.truths[0].astype(np.uint8) * np.uint8(255))
    assert spot is not None
    return spot


def from_rectangle(clip: Clip) -> Spot:
    """Return the tight box around the object in the first frame, all of it."""
    return rectangle(from_mask(clip).box)


def from_box(clip: Clip) -> Spot:
    """Return what the default segmenter makes of the tight box around the object and of the next frames."""
    from stages.segment.point.grabcut import GrabCut  # here, for those who only follow masks

    first, *window = islice(clip.views(), 1 + NEAREST)
    return GrabCut().segment(first, Hint(box=from_mask(clip).box), window)


def spread(spot: Spot | None, shape: tuple[int, ...]) -> Region:
    """Return what is sure of a spot in the whole picture."""
    whole = np.zeros(shape, np.bool_)
    if spot is not None:
        whole[slices(spot.box)] = spot.values >= SURE
    return whole

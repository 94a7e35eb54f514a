"""Everything of a class, whenever it enters: frames in, a spot for each object out.

Detections, every few frames, become tracked objects. Sure ones are matched first, doubtful ones may only keep alive
what is followed already (ByteTrack: Zhang et al., ECCV 2022). An object that is no longer seen is held for a while,
larger from frame to frame, and then given up. What begins in the same frame is named in the order of its score.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stages.segment.detect.boxes import corners, overlaps
from stages.segment.detect.cover import cover
from stages.segment.detect.detector import Detection, Detector
from stages.segment.detect.match import Look, likeness, look, pairs
from stages.segment.point.segmenter import Segmenter
from stages.segment.spot import Spot, grown
from stages.segment.track.tracker import Sighting, Tracker
from stages.segment.view import View
from transport.messages import Box

EVERY = 3  # frames from one detection to the next, unless the user says otherwise
SURE = 0.5  # score from which a detection begins an object
SEEN = 0.5  # confidence from which the tracker alone keeps one alive
MOST = 48  # objects followed, as no tracker takes more than 50; what is found beyond is hidden where it is found
HELD = 20  # frames that an object is hidden for after it was last seen; less if it was seen little
UNCONFIRMED = 30  # detections in a row that may miss what the tracker sees
DOUBTED = 60  # frames after its last sure sighting, from the detector or the tracker, that doubtful ones keep it for
LIKE = 0.35  # intersection over union with the object, without which a doubtful detection is not of it
COVERED = 0.85  # share of a new box inside one that is followed from which it is a part of that
DOUBLE = 0.7  # intersection over union from which two that are followed are one
GROW = 0.02  # of the shorter side, a frame, while it is not seen
MOST_GROWN = 0.3  # of the shorter side


@dataclass(slots=True, kw_only=True, eq=False)
class _Track:
    """One object that is followed."""

    label: str
    box: Box  # where it was last detected, carried along with the spot
    look: Look
    spot: Spot
    sightings: int = 1
    unseen: int = 0  # frames since it was last seen by anyone
    missed: int = 0  # detections in a row without it
    doubted: int = 0  # frames since it was last surely seen


class Targets:
    """Finds and follows all objects of the classes that its detector was made for."""

    def __init__(
        self, detector: Detector, segmenter: Segmenter | None, tracker: Tracker, *, every: int, confirm: int = 1
    ) -> None:
        """Take what finds objects, their outlines (None: boxes are hidden whole) and their ways between detections.

        A detection follows after `every` frames; an object is hidden from its `confirm`-th sighting on.
        """
        self._detector, self._segmenter, self._tracker = detector, segmenter, tracker
        self._every, self._confirm = every, confirm
        self._tracks: dict[int, _Track] = {}
        self._beyond: list[Spot] = []  # found, when there were too many to follow
        self._next = 0  # name of the next object
        self._until = 0  # frames to the next detection

    def step(self, view: View, window: Sequence[View] = ()) -> list[Spot]:
        """Return what hides each object in the next frame; `window` as for a Segmenter."""
        for name, sighting in self._tracker.step(view).items():
            self._follow(name, sighting, view)
        if not self._until:
            self._detect(view, window)
            self._until = self._every
        self._until -= 1
        self._give_up()
        hidden = [_held(track, view) for track in self._tracks.values() if track.sightings >= self._confirm]
        return hidden + self._beyond

    def gap(self) -> None:
        """Know that frames are missing before the next: it is looked at anew."""
        self._until = 0

    def cut(self) -> None:
        """Know that the next frame begins a new shot: everything starts anew, with a detection."""
        for name in list(self._tracks):
            self._forget(name)
        self._tracker.cut()
        self._beyond, self._until = [], 0

    def _follow(self, name: int, sighting: Sighting, view: View) -> None:
        track = self._tracks[name]
        track.unseen += 1
        track.doubted += 1
        if sighting.left:
            self._forget(name)
        elif sighting.spot:
            track.box = _moved(track.box, track.spot.box, sighting.spot.box, view)
            track.spot = sighting.spot
            if sighting.confidence >= SEEN and not sighting.age:
                track.unseen = track.doubted = 0

    def _detect(self, view: View, window: Sequence[View]) -> None:
        found = list(self._detector.detect(view))
        sure = [detection for detection in found if detection.score >= SURE]
        doubtful = [detection for detection in found if detection.score < SURE]
        unmatched, new = self._match(set(self._tracks), sure, 0.0, view, window)
        unmatched, _ = self._match(unmatched, doubtful, LIKE, view, window)
        for name in unmatched:
            self._tracks[name].missed += 1
        self._beyond = []
        for detection in new:
            if not self._is_known(detection):
                self._begin(detection, view, window)
        self._merge()

    def _match(
        self, names: set[int], detections: list[Detection], least: float, view: View, window: Sequence[View]
    ) -> tuple[set[int], list[Detection]]:
        """Take in detections of what is followed, if they overlap it enough; return what is left over of both."""
        order = sorted(names)
        tracks = [self._tracks[name] for name in order]
        looks = [look(view.crop(detection.box)) for detection in detections]
        known, found = corners([track.box for track in tracks]), corners([detection.box for detection in detections])
        fits = likeness(known, [track.look for track in tracks], found, looks)
        union, _ = overlaps(known, found)
        kinds = np.array([[track.label == detection.label for detection in detections] for track in tracks], bool)
        matched = pairs(np.where(kinds.reshape(fits.shape) & (union >= least), fits, 0.0))
        for row, column in matched:
            self._see(order[row], detections[column], looks[column], view, window)
        taken = {column for _, column in matched}
        left = [detection for i, detection in enumerate(detections) if i not in taken]
        return names - {order[row] for row, _ in matched}, left

    def _see(self, name: int, detection: Detection, looks: Look, view: View, window: Sequence[View]) -> None:
        track = self._tracks[name]
        track.box, track.look = detection.box, looks
        track.sightings += 1
        track.unseen = track.missed = 0
        if detection.score >= SURE:
            track.doubted = 0
        track.spot = cover(view, detection, self._segmenter, window)
        self._tracker.point(view, name, track.spot)

    def _begin(self, detection: Detection, view: View, window: Sequence[View]) -> None:
        spot = cover(view, detection, self._segmenter, window)
        if len(self._tracks) == MOST:
            self._beyond.append(spot)
            return
        looks = look(view.crop(detection.box))
        self._tracks[self._next] = _Track(label=detection.label, box=detection.box, look=looks, spot=spot)
        self._tracker.point(view, self._next, spot)
        self._next += 1

    def _is_known(self, detection: Detection) -> bool:
        """Whether what was found is a part of something that is followed and was found now too."""
        boxes = [track.box for track in self._tracks.values() if not track.missed and track.label == detection.label]
        union, inside = overlaps(corners([detection.box]), corners(boxes))
        area = detection.box.width * detection.box.height
        larger = np.array([box.width * box.height >= area for box in boxes], bool)
        return bool(((inside[0] >= COVERED) & larger).any() or (union >= DOUBLE).any())

    def _merge(self) -> None:
        """Forget the younger of two that have become one."""
        names = sorted(self._tracks)
        boxes = corners([self._tracks[name].box for name in names])
        union, _ = overlaps(boxes, boxes)
        for i, name in enumerate(names):
            older = [j for j in range(i) if union[i, j] >= DOUBLE and names[j] in self._tracks]
            if any(self._tracks[names[j]].label == self._tracks[name].label for j in older):
                self._forget(name)

    def _give_up(self) -> None:
        for name, track in list(self._tracks.items()):
            patience = min(HELD, self._every * (1 + track.sightings))
            if track.unseen > patience or track.missed > UNCONFIRMED or track.doubted > DOUBTED:
                self._forget(name)

    def _forget(self, name: int) -> None:
        del self._tracks[name]
        self._tracker.forget(name)


def _held(track: _Track, view: View) -> Spot:
    """Return the spot, the larger the longer nobody has seen the object."""
    side = min(track.spot.box.width, track.spot.box.height)
    pixels = round(side * min(GROW * track.unseen, MOST_GROWN))
    return grown(track.spot, pixels, view.frame.format) if pixels else track.spot


def _moved(box: Box, before: Box, after: Box, view: View) -> Box:
    """Return a box that goes along with another, at least a pixel of it inside the picture."""
    dx = after.x + after.width / 2 - before.x - before.width / 2
    dy = after.y + after.height / 2 - before.y - before.height / 2
    x, y = min(max(round(box.x + dx), 0), view.width - 1), min(max(round(box.y + dy), 0), view.height - 1)
    return Box(x=x, y=y, width=min(box.width, view.width - x), height=min(box.height, view.height - y))

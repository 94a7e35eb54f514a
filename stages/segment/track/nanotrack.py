"""NanoTrack as a follower: the box of a spot in, and in every later frame what a segmenter outlines in its box out.

NanoTrack v2 (HonglinChu/SiamTrackers) through cv2.TrackerNano, which finds a box near the last one. What is done when
the object is lost is ours: a second one, begun anew each time from the first picture of the object, searches.
"""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.errors import ModelError
from stages.segment.point.segmenter import Hint, Segmenter
from stages.segment.spot import Spot
from stages.segment.track.place import SMALLEST, Place, Way, everywhere, place_of
from stages.segment.track.subwindow import Region, cut_out
from stages.segment.track.tracker import Sighting
from stages.segment.view import Colours, View

Histogram = NDArray[np.float64]  # bins of colours, which sum up to 1

WINDOW: Final = 255  # pixels of the square that is searched, twice what an exemplar shows
WINDOWS: Final = 2  # exemplars across

GRID: Final = 32  # pixels across, at which a box's colours are counted
SHIFTS: Final = (5, 4, 4)  # bits of lightness and of both colours that make no difference
BLUR: Final = 0.7  # bins

# Chosen on every second of the 30 DAVIS clips, by name. Nearly all of the boxes that are taken for lost a little early
# lie on the object still; so it is lost late, and something is hidden meanwhile.
LOST: Final = 0.5
FOUND: Final = 0.8
ALIKE: Final = 0.9  # above 0.8 are 18 % of boxes that lie elsewhere in the picture
ADAPTED: Final = 0.05  # of the object's colours, in a frame in which it is surely seen: light changes
EDGE: Final = 0.02  # of the box's context, by which it may end before the picture does
BEFORE: Final = 2  # views that are held for the segmenter


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Guess:
    """Where the object may be."""

    place: Place
    score: float  # 0 to 1, the network's
    likeness: float  # 0 to 1, of the colours there to the object's
    colours: Histogram

    @property
    def confidence(self) -> float:
        """The lesser of both: the score alone does not know what is lost, nothing at all may score 0.97."""
        return min(self.score, self.likeness)

    @property
    def sure(self) -> bool:
        """It is the object, even when all of the picture is looked through."""
        return self.score >= FOUND and self.likeness >= ALIKE


class NanoTrack:
    """Follows one object; holds the first picture of it, or the last that the user gave, and a few views."""

    def __init__(self, view: View, spot: Spot, *, backbone: Path, head: Path, segmenter: Segmenter) -> None:
        """Take the two halves of the network as ONNX files; ModelError if they are not."""
        self._tracker, self._searcher = _open(backbone, head), _open(backbone, head)
        self._segmenter = segmenter
        self._views: deque[View] = deque(maxlen=BEFORE)
        self._way = Way()
        self.correct(view, spot)

    def correct(self, view: View, spot: Spot) -> None:
        """Begin anew from here."""
        self._place = place_of(spot)
        self._size = self._place.width, self._place.height
        self._colours = _colours(view, self._place)
        self._exemplar = self._window(view, self._place.x, self._place.y)
        self._tracker.init(view.bgr, _rectangle(self._place))
        self._missing = self._age = 0
        self._way.forget()
        self._views.appendleft(view)

    def step(self, view: View) -> Sighting:
        """Return where the object is in the next frame."""
        guess = self._follow(view)
        if self._missing and not guess.sure:
            guess = self._search(view)
            if guess.sure:
                self._tracker.init(view.bgr, _rectangle(guess.place))
        if not (guess.sure if self._missing else guess.confidence >= LOST):
            self._missing, self._age = self._missing + 1, self._age + 1
            return Sighting(spot=None, confidence=1 - guess.confidence, age=self._age, left=self._way.left(self._age))
        return self._take(view, guess)

    def cut(self) -> None:
        """Search from the next frame on."""
        self._missing = max(1, self._missing)
        self._views.clear()
        self._way.forget()

    def _follow(self, view: View) -> Guess:
        _, found = self._tracker.update(view.bgr)
        return self._judge(view, _place(found), self._tracker.getTrackingScore())

    def _search(self, view: View) -> Guess:
        """Return the best place around the last one or, every other time, around one of all places in turn."""
        turn, elsewhere = divmod(self._missing - 1, 2)
        x, y = everywhere(turn, self._side, view) if elsewhere else (self._place.x, self._place.y)
        scale = self._side / WINDOW
        middle = Place(x=WINDOW / 2, y=WINDOW / 2, width=self._size[0] / scale, height=self._size[1] / scale)
        self._searcher.init(self._exemplar, _rectangle(middle))
        _, (left, top, width, height) = self._searcher.update(self._window(view, x, y))
        across, down = left + width / 2 - WINDOW / 2, top + height / 2 - WINDOW / 2
        place = Place(x=x + across * scale, y=y + down * scale, width=width * scale, height=height * scale)
        return self._judge(view, place, self._searcher.getTrackingScore())

    def _judge(self, view: View, place: Place, score: float) -> Guess:
        colours = _colours(view, place)
        return Guess(place=place, score=score, likeness=_alike(self._colours, colours), colours=colours)

    def _take(self, view: View, guess: Guess) -> Sighting:
        if self._missing:
            self._way.forget()
        self._place, self._missing, self._age = guess.place, 0, 0
        if guess.sure:
            self._colours += ADAPTED * (guess.colours - self._colours)
        box = guess.place.inside(view)
        self._way.see(view, box, EDGE * guess.place.context)
        spot = self._segmenter.segment(view, Hint(box=box), tuple(self._views))
        self._views.appendleft(view)
        return Sighting(spot=spot, confidence=guess.confidence)

    @property
    def _side(self) -> int:
        return round(WINDOWS * Place(x=0, y=0, width=self._size[0], height=self._size[1]).context)

    def _window(self, view: View, x: float, y: float) -> Colours:
        blue, green, red, _ = (int(number) for number in cv2.mean(view.bgr))
        return cut_out(view, Region(x=x, y=y, side=self._side), WINDOW, (blue, green, red))


def _open(backbone: Path, head: Path) -> cv2.TrackerNano:
    """Return a tracker that was seen to work."""
    grey = np.full((WINDOW, WINDOW, 3), 128, np.uint8)
    try:
        tracker = cv2.TrackerNano.create(cv2.dnn.readNet(str(backbone)), cv2.dnn.readNet(str(head)))
        tracker.init(grey, (64, 64, 127, 127))
        tracker.update(grey)
    except cv2.error as error:
        raise ModelError(f"{backbone} and {head} are not the two halves of NanoTrack v2, or cannot be read") from error
    return tracker


def _colours(view: View, place: Place) -> Histogram:
    """Return how often every colour is seen in a box, those in its middle counting most.

    D. Comaniciu et al., Real-time tracking of non-rigid objects using mean shift, CVPR 2000.
    """
    small = cv2.resize(view.crop(place.inside(view)), (GRID, GRID), interpolation=cv2.INTER_AREA)
    channels = cv2.cvtColor(small, cv2.COLOR_BGR2Lab).reshape(-1, 3) >> np.array(SHIFTS)
    sizes = [256 >> shift for shift in SHIFTS]
    counts = np.bincount(np.ravel_multi_index(channels.T.tolist(), sizes), _MIDDLE, minlength=math.prod(sizes))
    blurred = cv2.GaussianBlur(counts.reshape(sizes[0], -1, sizes[2]).transpose(1, 2, 0), (0, 0), BLUR)
    return np.asarray(blurred / blurred.sum(), np.float64)


_ALONG = np.linspace(-1, 1, GRID) ** 2
_MIDDLE = np.clip(1 - _ALONG - _ALONG[:, None], 0, None).ravel()  # the Epanechnikov profile


def _alike(one: Histogram, other: Histogram) -> float:
    """Return the coefficient of Bhattacharyya: 1 for equal histograms, 0 for those that share nothing."""
    return float(np.sqrt(one * other).sum())


def _rectangle(place: Place) -> tuple[int, int, int, int]:
    x, y = round(place.x - place.width / 2), round(place.y - place.height / 2)
    return x, y, max(SMALLEST, round(place.width)), max(SMALLEST, round(place.height))


def _place(rectangle: Sequence[int]) -> Place:
    x, y, width, height = rectangle
    return Place(x=x + width / 2, y=y + height / 2, width=width, height=height)

"""A box followed from frame to frame: brightness in, box out, or None while the object is out of sight.

A first, simple tracker. Points are tracked forward and back, and those that come home vote on shift and scale (median
flow: Kalal, Mikolajczyk and Matas, "Forward-backward error", ICPR 2010). Where enough points in the box move apart
from the camera, only they vote, so that the background in the box does not hold it back. Two small pictures of the
object, the first and a recent one, correct drift and find it again.

Fail closed: where the object cannot be found, the box stays, moves with the camera and widens for a while before it
is given up. Everything is deterministic.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.segment.looks import Looks, Place
from transport.messages import Box

Grey = NDArray[np.uint8]  # (h, w)
Points = NDArray[np.float32]  # (n, 2) x, y

WORK_SIDE = 640  # pixels: larger pictures are made smaller
SMALLEST = 20  # pixels: but not so small that the box's shorter side falls below this ...
LARGEST_SIDE = 1280  # ... as long as the picture stays within this
GRID = 14  # points across and down the box
CAMERA_GRID = (18, 10)  # points across and down the picture
WINDOW = (15, 15)  # pixels around a point that are compared
LEVELS = 3  # of the pyramid: 8 times the window's reach
HOME = 1.0  # pixels that a point may miss its start by, tracked forward and back
APART = 0.8  # pixels: moves apart from the camera
VOTERS = 8  # points that may decide
SHARE_APART = 0.2  # of the points: fewer that move apart are noise
SCALE_STEP = 0.04  # per frame
SURE_LOOK = 0.5  # correlation from which a look corrects the box
SEEN_LOOK = 0.35  # correlation below which the points alone are not believed
FOUND_LOOK = 0.65  # correlation that finds the object again where it was last
ELSEWHERE_LOOK = 0.78  # correlation that finds it anywhere else, where chance has more tries
PULL = 0.5  # share of the offset that a look corrects at once
WIDEN = 1.02  # per frame in which the object is not seen
PATIENCE = 12  # frames until it is given up
GONE = 0.2  # share of the box inside the picture below which it has left
LK = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 12, 0.03)


class BoxFollower:
    """Follows one box; holds one reduced picture and two thumbnails of the object."""

    def __init__(self, luma: Grey, box: Box) -> None:
        """Begin with the (H, W) brightness of a frame and the box around the object in it."""
        self._size = luma.shape[1], luma.shape[0]
        self._factor = _factor(self._size, box)
        self._picture = _reduce(luma, self._factor)
        half_width, half_height = box.width / 2, box.height / 2
        self._place = Place(
            x=(box.x + half_width) * self._factor,
            y=(box.y + half_height) * self._factor,
            width=box.width * self._factor,
            height=box.height * self._factor,
        )
        self._looks = Looks(self._picture, self._place)
        self._unseen = 0  # frames in a row
        self._widened = 1.0

    def step(self, luma: Grey) -> Box | None:
        """Return where the object is in the next frame, None while it is out of sight."""
        picture = _reduce(luma, self._factor)
        if self._unseen > PATIENCE:
            self._search_everywhere(picture)
        else:
            self._follow(picture)
        self._picture = picture
        return self._box() if self._unseen <= PATIENCE else None

    def _follow(self, picture: Grey) -> None:
        flow = _Flow(self._picture, picture, self._place)
        # Once the object is hidden, points in the box are points of what hides it.
        place = None if self._unseen else flow.vote()
        guess = place or flow.with_camera()
        look = self._looks.near(picture, guess)
        if look.likeness >= (SEEN_LOOK if place else FOUND_LOOK):
            self._see(picture, place, look.place, look.likeness)
        else:
            self._unseen += 1
            self._widened *= WIDEN
            self._place = guess
        if _share_inside(self._place, picture) < GONE:
            self._unseen = PATIENCE + 1

    def _see(self, picture: Grey, place: Place | None, looked: Place, likeness: float) -> None:
        if place is None:
            place = looked
        elif likeness >= SURE_LOOK:
            place = place.moved(PULL * (looked.x - place.x), PULL * (looked.y - place.y))
        self._place, self._unseen, self._widened = place, 0, 1.0
        self._looks.remember(picture, place)

    def _search_everywhere(self, picture: Grey) -> None:
        look = self._looks.anywhere(picture, self._place)
        if look.likeness >= ELSEWHERE_LOOK and _share_inside(look.place, picture) > GONE:
            self._place, self._unseen, self._widened = look.place, 0, 1.0

    def _box(self) -> Box | None:
        """Return the place in pixels of the source, cut at its edges."""
        place, size = self._place.moved(0, 0, self._widened), self._size
        left, top = place.x - place.width / 2, place.y - place.height / 2
        x = [min(max(round(edge / self._factor), 0), size[0]) for edge in (left, left + place.width)]
        y = [min(max(round(edge / self._factor), 0), size[1]) for edge in (top, top + place.height)]
        box = Box(x=x[0], y=y[0], width=x[1] - x[0], height=y[1] - y[0])
        return box if box.width and box.height else None


def _factor(size: tuple[int, int], box: Box) -> float:
    long = max(size)
    wanted = max(WORK_SIDE / long, SMALLEST / min(box.width, box.height))
    return min(1.0, wanted, max(LARGEST_SIDE / long, WORK_SIDE / long))


def _reduce(luma: Grey, factor: float) -> Grey:
    if factor == 1.0:
        return luma.copy()  # the decoder's memory is not held beyond the frame
    size = max(1, round(luma.shape[1] * factor)), max(1, round(luma.shape[0] * factor))
    return np.asarray(cv2.resize(luma, size, interpolation=cv2.INTER_AREA), np.uint8)


def _share_inside(place: Place, picture: Grey) -> float:
    height, width = picture.shape
    across = min(place.x + place.width / 2, width) - max(place.x - place.width / 2, 0)
    down = min(place.y + place.height / 2, height) - max(place.y - place.height / 2, 0)
    return float(max(across, 0.0) * max(down, 0.0) / (place.width * place.height))


class _Flow:
    """How points of the object and of the background move between two pictures."""

    def __init__(self, before: Grey, after: Grey, place: Place) -> None:
        self._place = place
        inside, around = _object_points(place, before), _camera_points(place, before)
        start = np.concatenate([inside, around])
        end, good = _track(before, after, start)
        count = len(inside)
        self._start, self._end = start[:count][good[:count]], end[:count][good[:count]]
        self._asked = count
        self._camera = _camera(start[count:][good[count:]], end[count:][good[count:]])

    def with_camera(self) -> Place:
        """Return the place as if the object stood still in the scene."""
        (x, y), place = self._camera @ np.array([self._place.x, self._place.y, 1.0]), self._place
        return place.moved(float(x) - place.x, float(y) - place.y)

    def vote(self) -> Place | None:
        """Return the place as the points of the object say, None if too few came home."""
        if len(self._start) < max(VOTERS, self._asked // 6):
            return None
        carried = self._start @ self._camera[:, :2].T + self._camera[:, 2]
        apart = np.hypot(*(self._end - carried).T) > APART
        voters = apart if apart.sum() >= max(VOTERS, SHARE_APART * len(apart)) else np.ones_like(apart)
        start, end = self._start[voters], self._end[voters]
        shift = np.median(end - start, axis=0)
        scale = _scale(start, end)
        # The voters need not surround the centre: scaling is about their middle.
        middle = np.median(start, axis=0)
        offset = (np.array([self._place.x, self._place.y]) - middle) * (scale - 1)
        return self._place.moved(float(shift[0] + offset[0]), float(shift[1] + offset[1]), scale)


def _object_points(place: Place, picture: Grey) -> Points:
    x = place.x + (np.arange(GRID) - (GRID - 1) / 2) * (place.width * 0.9 / GRID)
    y = place.y + (np.arange(GRID) - (GRID - 1) / 2) * (place.height * 0.9 / GRID)
    points = _grid(x, y)
    height, width = picture.shape
    visible = (points >= 0).all(axis=1) & (points[:, 0] < width) & (points[:, 1] < height)
    kept: Points = points[visible]
    return kept


def _camera_points(place: Place, picture: Grey) -> Points:
    height, width = picture.shape
    x, y = (np.linspace(side * 0.03, side * 0.97, n) for side, n in zip((width, height), CAMERA_GRID, strict=True))
    points = _grid(x, y)
    away = np.abs(points - (place.x, place.y)) > (0.6 * place.width, 0.6 * place.height)
    kept: Points = points[away.any(axis=1)]
    return kept


def _grid(x: NDArray[np.floating], y: NDArray[np.floating]) -> Points:
    points: Points = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2).astype(np.float32)
    return points


def _track(before: Grey, after: Grey, start: Points) -> tuple[Points, NDArray[np.bool_]]:
    """Return where points went, and which of them come back to where they began."""
    if not len(start):
        return start, np.zeros(0, bool)
    end, there = _flow(before, after, start)
    home, back = _flow(after, before, end)
    missed = np.hypot(*(home - start).T)
    return end, there & back & (missed < HOME)


def _flow(before: Grey, after: Grey, start: Points) -> tuple[Points, NDArray[np.bool_]]:
    end, found, _ = cv2.calcOpticalFlowPyrLK(
        before, after, start, np.empty_like(start), winSize=WINDOW, maxLevel=LEVELS, criteria=LK
    )
    return np.asarray(end, np.float32), np.asarray(found)[:, 0] == 1


def _camera(start: Points, end: Points) -> NDArray[np.float64]:
    """Return the (2, 3) similarity that most of the background follows; at rest if that is not known."""
    if len(start) >= VOTERS:
        matrix, inliers = cv2.estimateAffinePartial2D(start, end, ransacReprojThreshold=1.5, maxIters=200)
        if matrix is not None and np.count_nonzero(inliers) >= VOTERS:
            return np.asarray(matrix, np.float64)
    return np.eye(2, 3)


def _scale(start: Points, end: Points) -> float:
    """Return the median change of the distances between pairs of points, bounded."""
    if len(start) < 2 * VOTERS:
        return 1.0
    half = len(start) // 2  # pairs from two halves of the grid are far apart
    before = np.hypot(*(start[:half] - start[half : 2 * half]).T)
    after = np.hypot(*(end[:half] - end[half : 2 * half]).T)
    return float(np.clip(np.median(after / np.maximum(before, 1e-3)), 1 - SCALE_STEP, 1 + SCALE_STEP))

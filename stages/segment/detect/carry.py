"""Many spots carried along from frame to frame at little cost: a tracker for crowds between two detections.

Points in all spots are tracked at once, forward and back (Kalal, Mikolajczyk and Matas, ICPR 2010); those that come
home and move apart from the camera vote on each spot's shift. Where too few do, the spot goes on as fast as before.
The outline is not looked for again, so it is to be pointed at anew every few frames.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.segment.spot import SURE, Spot
from stages.segment.track.tracker import Sighting
from stages.segment.view import Grey, View
from transport.messages import Box

WORK_SIDE = 640  # pixels: larger pictures are made smaller
GRID = 6  # points across and down a spot
CAMERA = (12, 8)  # points across and down the picture
WINDOW, LEVELS = (11, 11), 3
HOME = 0.7  # pixels that a point may miss its start by, tracked forward and back
APART = 0.6  # pixels: moves apart from the camera
VOTERS = 4  # points that may decide
SHARE_APART = 0.25  # of the points: fewer that move apart are noise
BLIND = 0.4  # confidence at best: what moves on may be what hides the object
FOLLOWS = 0.5  # how fast the speed follows what is seen

Points = NDArray[np.float32]  # (n, 2) x, y
Shift = NDArray[np.float64]  # (2,) x, y


@dataclass(slots=True, kw_only=True, eq=False)
class _Carried:
    spot: Spot  # as it was pointed at, where it was then
    offset: Shift  # since then
    speed: Shift  # pixels a frame
    age: int = 0  # frames since points told where it is

    @property
    def corner(self) -> tuple[int, int]:
        return round(self.spot.box.x + self.offset[0]), round(self.spot.box.y + self.offset[1])


class Carry:
    """Follows any number of spots; holds two reduced pictures for all and one spot for each."""

    def __init__(self) -> None:
        self._carried: dict[int, _Carried] = {}
        self._before: Grey | None = None

    def point(self, view: View, name: int, spot: Spot) -> None:
        """Begin to follow an object, or be corrected about one."""
        known = self._carried.get(name)
        self._carried[name] = _Carried(spot=spot, offset=np.zeros(2), speed=known.speed if known else np.zeros(2))

    def step(self, view: View) -> Mapping[int, Sighting]:
        """Return where every object is in the next frame."""
        factor = min(1.0, WORK_SIDE / max(view.width, view.height))
        after = _reduced(view.luma, factor)
        if self._before is not None and self._carried:
            self._move(self._before, after, factor)
        self._before = after
        return {name: _sighting(carried, view) for name, carried in self._carried.items()}

    def cut(self) -> None:
        """Know that the next frame begins a new shot: nothing is where it was."""
        self._carried.clear()
        self._before = None

    def forget(self, name: int) -> None:
        """Follow an object no more."""
        self._carried.pop(name, None)

    def _move(self, before: Grey, after: Grey, factor: float) -> None:
        parts = [_points_in(carried) * np.float32(factor) for carried in self._carried.values()]
        start = np.concatenate([*parts, _points_around(before)])
        shift, good = _track(before, after, start)
        shift /= np.float32(factor)
        last = len(start) - CAMERA[0] * CAMERA[1]
        camera = np.median(shift[last:][good[last:]], axis=0).astype(np.float64) if good[last:].any() else np.zeros(2)
        first = 0
        for carried, part in zip(self._carried.values(), parts, strict=True):
            mine = slice(first, first + len(part))
            first += len(part)
            _carry(carried, shift[mine][good[mine]], camera)


def _reduced(luma: Grey, factor: float) -> Grey:
    if factor == 1.0:
        return luma.copy()  # the decoder's memory is not held beyond the frame
    size = max(1, round(luma.shape[1] * factor)), max(1, round(luma.shape[0] * factor))
    return np.asarray(cv2.resize(luma, size, interpolation=cv2.INTER_AREA), np.uint8)


def _carry(carried: _Carried, shifts: Points, camera: Shift) -> None:
    apart = np.hypot(*(shifts - camera).T) > APART
    voters = shifts[apart] if apart.sum() >= max(VOTERS, SHARE_APART * len(shifts)) else shifts
    if len(voters) >= VOTERS:
        step = np.median(voters, axis=0).astype(np.float64)
        carried.speed += FOLLOWS * (step - carried.speed)
        carried.age = 0
    else:
        step = carried.speed
        carried.age += 1
    carried.offset = carried.offset + step


def _points_in(carried: _Carried) -> Points:
    (x, y), (height, width) = carried.corner, carried.spot.values.shape
    columns, rows = ((np.arange(GRID) + 0.5) * length / GRID for length in (width, height))
    grid = np.stack(np.meshgrid(columns, rows), axis=-1).reshape(-1, 2)
    inside = carried.spot.values[grid[:, 1].astype(int), grid[:, 0].astype(int)] >= SURE
    points: Points = (grid[inside] + (x, y)).astype(np.float32)
    return points


def _points_around(picture: Grey) -> Points:
    height, width = picture.shape
    x, y = (np.linspace(side * 0.04, side * 0.96, n) for side, n in zip((width, height), CAMERA, strict=True))
    points: Points = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2).astype(np.float32)
    return points


def _track(before: Grey, after: Grey, start: Points) -> tuple[Points, NDArray[np.bool_]]:
    """Return how far each point moves, and whether it came home."""
    asked = np.ascontiguousarray(start[:, None])
    end, found, _ = cv2.calcOpticalFlowPyrLK(before, after, asked, asked.copy(), winSize=WINDOW, maxLevel=LEVELS)
    home, found_back, _ = cv2.calcOpticalFlowPyrLK(after, before, end, asked.copy(), winSize=WINDOW, maxLevel=LEVELS)
    missed = np.hypot(*(home - asked)[:, 0].T)
    return (end - asked)[:, 0], (found[:, 0] > 0) & (found_back[:, 0] > 0) & (missed < HOME)


def _sighting(carried: _Carried, view: View) -> Sighting:
    """Return what of the spot is inside the picture."""
    (x, y), (height, width) = carried.corner, carried.spot.values.shape
    left, top, right, bottom = max(x, 0), max(y, 0), min(x + width, view.width), min(y + height, view.height)
    if right <= left or bottom <= top:
        return Sighting(spot=None, confidence=1.0, age=carried.age, left=True)
    box = Box(x=left, y=top, width=right - left, height=bottom - top)
    values = carried.spot.values[top - y : bottom - y, left - x : right - x]
    return Sighting(spot=Spot(box=box, values=values), confidence=BLIND / (1 + carried.age), age=carried.age)

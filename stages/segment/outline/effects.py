"""Objects in, the objects with what they cast out: their shadows and reflections leave with their owners.

Found at reduced size against a plate of the background, registered by the camera's motion, which serves all of them.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from stages.segment.outline.camera import camera_between
from stages.segment.outline.cast import RIM, Cast, square, zone_of
from stages.segment.outline.parts import MOST, few
from stages.segment.outline.plate import Flags, Plate
from stages.segment.outline.reduced import Picture, Reduction
from stages.segment.outline.scene import Scene
from stages.segment.spot import Grey, Spot, enlarge, overlap, unite
from stages.segment.view import View
from transport.messages import Box, PictureFormat

AWAY = 25  # frames for which an object is remembered that is not there
NEAR = 0.5  # of its sides: an object is the one that was there, or so near there, in the frame before
PENUMBRA = 1  # reduced pixels by which the result is grown


@dataclass(slots=True, kw_only=True, eq=False)
class _Known:
    """An object that was seen before."""

    cast: Cast
    box: Box  # where it was last, as the picture is stored
    away: int = 0  # frames since then


class Effects:
    """Follows what the objects of a stream cast; holds a reduced plate, the picture before, and votes for each."""

    def __init__(self, picture: PictureFormat) -> None:
        self._picture = picture
        self._reduction = Reduction(picture)
        self.forget()

    def forget(self) -> None:
        """Know that the next frame begins a new shot."""
        self._plate = Plate(self._reduction.height, self._reduction.width)
        self._known: list[_Known] = []
        self._before: tuple[Grey, Flags] | None = None  # the picture before, and what was not background in it

    def step(self, view: View, *spots: Spot | None) -> Spot | None:
        """Return the objects of the next frame, each 0 and 255, as one spot with their shadows and reflections.

        Call it for every frame, also for those without an object: the plate learns most from them. An object is known
        again by its place; two that change places cast the same there.
        """
        objects = few([spot for spot in spots if spot])
        insides = [self._reduction.inside(spot) for spot in objects]
        scene = self._look(view, insides)
        found = np.zeros_like(scene.hidden)
        for cast, inside in zip(self._casts(objects), insides, strict=True):
            found |= cast.step(scene, inside)
        self._plate.learn(scene.seen, scene.free, scene.hidden)
        self._before = (_grey(scene.seen), scene.hidden | found)
        wide = cv2.dilate(found.view(np.uint8), square(PENUMBRA)) * np.uint8(255)
        return unite([*objects, self._reduction.enlarge(np.asarray(wide, np.uint8))])

    def _look(self, view: View, insides: list[Grey]) -> Scene:
        """Return the frame, the plate made to lie behind it."""
        seen = self._reduction.colours(view)
        every = np.zeros(seen.shape[:2], np.uint8)
        for inside in insides:
            every |= inside
        hidden = cv2.dilate(every, square(RIM)) > 0
        self._follow_camera(seen)
        scene = Scene(seen, hidden, [zone_of(inside) for inside in insides], self._plate)
        self._plate.relight(seen, scene.free)
        return scene

    def _follow_camera(self, seen: Picture) -> None:
        if self._before:
            before, hidden = self._before
            off = np.where(cv2.dilate(hidden.view(np.uint8), square(2)) > 0, np.uint8(0), np.uint8(255))
            self._plate.carry(camera_between(before, _grey(seen), off))

    def _casts(self, objects: list[Spot]) -> list[Cast]:
        """Return what is known of each object's cast, a new one for those that were nowhere near before."""
        places = [enlarge(known.box, NEAR, self._picture) for known in self._known]
        boxes = [enlarge(spot.box, NEAR, self._picture) for spot in objects]
        fits = [(overlap(place, box), i, j) for i, place in enumerate(places) for j, box in enumerate(boxes)]
        whose: dict[int, _Known] = {}
        for fit, i, j in sorted(fits, reverse=True):
            if fit and j not in whose and self._known[i] not in whose.values():
                whose[j] = self._known[i]
        shape = self._reduction.height, self._reduction.width
        there = [whose.get(j) or _Known(cast=Cast(shape, turn=j), box=spot.box) for j, spot in enumerate(objects)]
        for known, spot in zip(there, objects, strict=True):
            known.box, known.away = spot.box, 0
        self._known = there + self._remembered(there)
        return [known.cast for known in there]

    def _remembered(self, there: list[_Known]) -> list[_Known]:
        rest = [known for known in self._known if known not in there]
        for known in rest:
            known.away += 1
        return [known for known in rest if known.away <= AWAY][:MOST]


def _grey(colours: Picture) -> Grey:
    return np.asarray(cv2.cvtColor(colours, cv2.COLOR_BGR2GRAY), np.uint8)

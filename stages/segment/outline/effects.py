"""An object in, the object with what it casts out: its shadow and its reflection leave with their owner.

Found at reduced size against a plate of the background, registered by the camera's motion. What speaks for a shadow
is summed up in the frame of the moving object, so that a dark patch that it passes is not taken for its shadow; what
is taken must touch the object, or lie where its shadow has just been (a jump). In doubt a pixel is taken: a leftover
shadow is seen at once, a few more pixels of filled ground are not.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.segment.outline.camera import camera_between
from stages.segment.outline.mirror import Mirror
from stages.segment.outline.plate import Flags, Plate
from stages.segment.outline.reduced import Picture, Reduction
from stages.segment.outline.shade import Votes, shade
from stages.segment.outline.unlit import unlit
from stages.segment.spot import Grey, Spot, slices, tight, unite
from stages.segment.view import View
from transport.messages import Box, PictureFormat

BESIDE, BELOW = 0.7, 0.5  # of the object's longer side, around its box: how far its shadow may reach
FOOT = 0.3  # of the object's height, at its lower end: where it stands, and its shadow begins
MEMORY = 0.25  # share of the newest frame in the votes
TAKEN, WEAK = 0.4, 0.15  # votes from which a pixel is taken, and from which it is when connected to those
GUESS = 0.85  # the vote of what looks like a shadow in one frame alone
DOUBT = -0.3  # the vote of what does not
RIM = 1  # reduced pixels around the object that its soft edge covers
TOUCH = 3  # more of them, in which its shadow must begin
STEADY = 0.5  # mean of the votes so far, by which a shadow that touches nothing has gone along with the object
RETURN = 0.4  # of a shadow that touches nothing: how much must lie where one has been
LEAK = 0.8  # of the root of its area: more on the border of where it may lie, and it is darker ground
PENUMBRA = 1  # reduced pixels by which the result is grown
GUESSED = 0.5  # of a shadow: more of it over ground that was never seen without it, and it is a guess
CLOSE = 2  # reduced pixels on that border that a guess may have
ATTACHED = 0.3  # of the root of its area: how much of a shadow must lie beside the object
SPECK = 6  # reduced pixels: less is noise
LARGEST = 1.2  # times the object's area; a larger thing is no shadow of it


class Effects:
    """Follows what one object casts; holds a reduced plate, the picture before and the votes."""

    def __init__(self, picture: PictureFormat) -> None:
        self._picture = picture
        self._reduction = Reduction(picture)
        self.forget()

    def forget(self) -> None:
        """Know that the next frame begins a new shot."""
        self._plate = Plate(self._reduction.height, self._reduction.width)
        self._mirror = Mirror()
        self._votes: Votes = np.zeros((self._reduction.height, self._reduction.width), np.float32)
        self._cast = np.zeros_like(self._votes)  # 1 where its shadow was found last
        self._before: tuple[Grey, Flags] | None = None  # the picture before, and what was not background in it
        self._centre: tuple[float, float] | None = None  # of the object

    def step(self, view: View, spot: Spot | None) -> Spot | None:
        """Return the object of the next frame, 0 and 255, with its shadow and its reflection.

        Call it for every frame, also for those without the object: the plate learns most from them.
        """
        seen, inside = self._reduction.colours(view), self._reduction.inside(spot)
        hidden = cv2.dilate(inside, _square(RIM)) > 0
        zone = _zone(inside)
        free = ~hidden
        free[slices(zone)] = False
        self._follow_camera(seen)
        self._plate.relight(seen, free)
        found = self._find(seen, inside, hidden, zone) if zone.width else np.zeros_like(hidden)
        self._plate.learn(seen, free)
        found |= self._mirror.step(seen, inside, hidden)
        self._before = (_grey(seen), hidden | found)
        return self._with(spot, found) if spot else None

    def _follow_camera(self, seen: Picture) -> None:
        if self._before:
            before, hidden = self._before
            off = np.where(cv2.dilate(hidden.view(np.uint8), _square(2)) > 0, np.uint8(0), np.uint8(255))
            self._plate.carry(camera_between(before, _grey(seen), off))

    def _find(self, seen: Picture, inside: Grey, hidden: Flags, zone: Box) -> Flags:
        part = slices(zone)
        old, cast = (carried[part] for carried in self._carried(inside))
        votes = self._look(seen, inside, hidden, zone)
        new = np.where(hidden[part], old, old + np.float32(MEMORY) * (votes - old))
        self._votes, self._cast = np.zeros_like(self._votes), np.zeros_like(self._cast)
        self._votes[part] = new
        score = np.where(hidden[part], np.float32(-1), (votes + new) * np.float32(0.5))
        self._cast[part] = _attached(score, new, inside, zone, cast > 0, self._plate.known[part])
        return self._cast > 0

    def _look(self, seen: Picture, inside: Grey, hidden: Flags, zone: Box) -> Votes:
        """Return the votes of this frame over the zone."""
        part = slices(zone)
        known = self._plate.known[part]
        votes = shade(seen[part], self._plate.colours[part], self._plate.unrest[part], known & ~hidden[part])
        if not (known | hidden[part]).all():
            _, _, width, height = cv2.boundingRect(inside)
            looks = unlit(seen, hidden, part, max(width, height))
            votes = np.where(known, votes, np.where(looks, np.float32(GUESS), np.float32(DOUBT)))
        votes[hidden[part]] = 0
        return votes

    def _carried(self, inside: Grey) -> tuple[Votes, Votes]:
        """Return the votes so far and where the shadow may be now, moved along with the object.

        An object that jumps leaves its shadow on the ground: it may have moved sideways alone.
        """
        moments = cv2.moments(inside, binaryImage=True)
        now = moments["m10"] / moments["m00"], moments["m01"] / moments["m00"]
        (x, y), self._centre = self._centre or now, now
        level, along = _moved(self._cast, now[0] - x, 0), _moved(self._cast, now[0] - x, now[1] - y)
        return _moved(self._votes, now[0] - x, now[1] - y), np.maximum(level, along)

    def _with(self, spot: Spot, found: Flags) -> Spot:
        if not found.any():
            return spot
        small = cv2.dilate(found.view(np.uint8), _square(PENUMBRA)) * np.uint8(255)
        x, y, width, height = (side * self._reduction.n for side in cv2.boundingRect(small))
        right, bottom = min(x + width, self._picture.width), min(y + height, self._picture.height)
        box = Box(x=x, y=y, width=right - x, height=bottom - y)
        cast = tight(self._reduction.enlarge(np.asarray(small, np.uint8), box) >= 128, box)
        return unite([spot, cast]) or spot if cast else spot


def _moved(votes: Votes, x: float, y: float) -> Votes:
    move = np.array([[1, 0, x], [0, 1, y]])
    return np.asarray(cv2.warpAffine(votes, move, votes.shape[::-1]), np.float32)


def _zone(inside: Grey) -> Box:
    """Return where the object's shadow may lie: from where it stands downwards, and to the sides."""
    x, y, width, height = cv2.boundingRect(inside)
    if not width:
        return Box(x=0, y=0, width=0, height=0)
    longer = max(width, height)
    left, top = max(x - int(BESIDE * longer), 0), y + int((1 - FOOT) * height)
    right = min(x + width + int(BESIDE * longer), inside.shape[1])
    bottom = min(y + height + int(BELOW * longer) + 1, inside.shape[0])
    return Box(x=left, y=top, width=right - left, height=bottom - top)


def _attached(score: Votes, votes: Votes, inside: Grey, zone: Box, cast: Flags, known: Flags) -> Flags:
    """Return what is surely or connectedly dark and belongs to the object; `cast` is where its shadow has been."""
    weak = score > WEAK
    count, labels = cv2.connectedComponents(weak.view(np.uint8), connectivity=8)
    labels[~weak] = 0

    def pixels(where: Flags) -> NDArray[np.int64]:
        return np.bincount(labels[where & weak], minlength=count)

    area = pixels(weak)
    touches = pixels(cv2.dilate(inside, _square(RIM + TOUCH))[slices(zone)] > 0) >= ATTACHED * np.sqrt(area)
    returns = pixels(cast) >= RETURN * area
    follows = np.bincount(labels.ravel(), np.where(weak & known, votes, 0).ravel(), count) >= STEADY * area
    guessed = pixels(~known) > GUESSED * area
    leaks = pixels(_border(zone, inside)) > np.where(guessed, CLOSE, LEAK * np.sqrt(area))
    fits = (area >= SPECK) & (area <= LARGEST * np.count_nonzero(inside)) & ~leaks
    kept = fits & (pixels(score > TAKEN) > 0) & (touches | returns | follows)
    return np.asarray(kept[labels] & weak, np.bool_)


def _border(zone: Box, picture: Grey) -> Flags:
    """Return the outermost pixels of a zone, but for those that are the picture's."""
    whole = np.zeros(picture.shape, np.bool_)
    whole[slices(zone)] = True
    whole[1:-1, 1:-1] &= ~(cv2.erode(whole.view(np.uint8), _square(1)) > 0)[1:-1, 1:-1]
    whole[[0, -1]] = whole[:, [0, -1]] = False
    border: Flags = whole[slices(zone)]
    return border


def _grey(colours: Picture) -> Grey:
    return np.asarray(cv2.cvtColor(colours, cv2.COLOR_BGR2GRAY), np.uint8)


def _square(pixels: int) -> Grey:
    return np.ones((2 * pixels + 1, 2 * pixels + 1), np.uint8)

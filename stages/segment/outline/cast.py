"""One object in frame after frame in, what it casts out: its shadow and its reflection.

What speaks for a shadow is summed up in the frame of the moving object, so that a dark patch that it passes is not
taken for its shadow; what is taken must touch the object, or lie where its shadow has just been or where it has just
grown dark (a jump). In doubt a pixel is taken: a leftover shadow is seen at once, a few more pixels of filled ground
are not.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.segment.outline.mirror import Mirror
from stages.segment.outline.plate import Flags
from stages.segment.outline.scene import Scene
from stages.segment.outline.shade import Votes, darkened, shade
from stages.segment.outline.unlit import unlit
from stages.segment.spot import Grey, slices
from transport.messages import Box

BESIDE, BELOW = 0.7, 0.5  # of the object's longer side, around its box: how far its shadow may reach
FOOT = 0.3  # of the object's height, at its lower end: where it stands, and its shadow begins
MEMORY = 0.25  # share of the newest frame in the votes
TAKEN, WEAK = 0.4, 0.15  # votes from which a pixel is taken, and from which it is when connected to those
GUESS = 0.85  # the vote of what looks like a shadow in one frame alone
DOUBT = -0.3  # the vote of what does not
RIM = 1  # reduced pixels around an object that its soft edge covers
TOUCH = 3  # more of them, in which its shadow must begin
STEADY = 0.5  # mean of the votes so far, by which a shadow that touches nothing has gone along with the object
RETURN = 0.4  # of a shadow that touches nothing: how much must lie where one has been
FALLEN = 0.75  # of a shadow that touches nothing: how much of it lies on ground that was seen without it
LEAK = 0.8  # of the root of its area: more on the border of where it may lie, and it is darker ground
GUESSED = 0.5  # of a shadow: more of it over ground that was never seen without it, and it is a guess
CLOSE = 2  # reduced pixels on that border that a guess may have
ATTACHED = 0.3  # of the root of its area: how much of a shadow must lie beside the object
SPECK = 6  # reduced pixels: less is noise
LARGEST = 1.2  # times the object's area; a larger thing is no shadow of it


class Cast:
    """Follows what one object casts; holds its votes, over the whole reduced picture."""

    def __init__(self, shape: tuple[int, int], turn: int) -> None:
        """Take the (h, w) of the reduced picture, and a number by which objects take turns in what costs most."""
        self._mirror = Mirror(turn)
        self._votes: Votes = np.zeros(shape, np.float32)
        self._cast = np.zeros_like(self._votes)  # 1 where its shadow was found last
        self._centre: tuple[float, float] | None = None  # of the object

    def step(self, scene: Scene, inside: Grey) -> Flags:
        """Return where its shadow and its reflection are, (h, w); `inside` is 255 where the object is, never empty."""
        found = self._find(scene, inside, zone_of(inside))
        return found | self._mirror.step(scene.seen, inside, scene.hidden)

    def _find(self, scene: Scene, inside: Grey, zone: Box) -> Flags:
        part = slices(zone)
        hidden, known = scene.hidden[part], scene.plate.known[part]
        old, cast = self._carried(inside, zone)
        votes = _votes(scene, inside, part)
        new = np.where(hidden, old, old + np.float32(MEMORY) * (votes - old))
        self._votes, self._cast = np.zeros_like(self._votes), np.zeros_like(self._cast)
        self._votes[part] = new
        score = np.where(hidden, np.float32(-1), (votes + new) * np.float32(0.5))
        edge = _border(zone, inside) & (scene.claims[part] == 1)
        fell = darkened(scene.seen[part], scene.plate.lit[part])
        self._cast[part] = _attached(score, new, inside, zone, cast > 0, known, edge, fell)
        return self._cast > 0

    def _carried(self, inside: Grey, zone: Box) -> tuple[Votes, Votes]:
        """Return the votes so far and where the shadow may be now, moved along with the object, over the zone.

        An object that jumps leaves its shadow on the ground: it may have moved sideways alone.
        """
        moments = cv2.moments(inside, binaryImage=True)
        now = moments["m10"] / moments["m00"], moments["m01"] / moments["m00"]
        (x, y), self._centre = self._centre or now, now
        right, down = now[0] - x, now[1] - y
        level, along = _moved(self._cast, right, 0, zone), _moved(self._cast, right, down, zone)
        return _moved(self._votes, right, down, zone), np.maximum(level, along)


def zone_of(inside: Grey) -> Box:
    """Return where an object's shadow may lie: from where it stands downwards, and to the sides."""
    x, y, width, height = cv2.boundingRect(inside)
    longer = max(width, height)
    left, top = max(x - int(BESIDE * longer), 0), y + int((1 - FOOT) * height)
    right = min(x + width + int(BESIDE * longer), inside.shape[1])
    bottom = min(y + height + int(BELOW * longer) + 1, inside.shape[0])
    return Box(x=left, y=top, width=right - left, height=bottom - top)


def square(pixels: int) -> Grey:
    """Return what dilates by so many pixels."""
    return np.ones((2 * pixels + 1, 2 * pixels + 1), np.uint8)


def _votes(scene: Scene, inside: Grey, part: tuple[slice, slice]) -> Votes:
    """Return the votes of this frame over a part of it."""
    hidden, known, plate = scene.hidden[part], scene.plate.known[part], scene.plate
    votes = shade(scene.seen[part], plate.colours[part], plate.unrest[part], known & ~hidden)
    if not (known | hidden).all():
        looks = unlit(scene.seen[part], hidden, scene.ground(inside, part), inside)
        votes = np.where(known, votes, np.where(looks, np.float32(GUESS), np.float32(DOUBT)))
    votes[hidden] = 0
    return votes


def _moved(votes: Votes, x: float, y: float, zone: Box) -> Votes:
    move = np.array([[1, 0, x - zone.x], [0, 1, y - zone.y]])
    return np.asarray(cv2.warpAffine(votes, move, (zone.width, zone.height)), np.float32)


def _attached(
    score: Votes, votes: Votes, inside: Grey, zone: Box, cast: Flags, known: Flags, edge: Flags, fell: Flags
) -> Flags:
    """Return what is surely or connectedly dark and belongs to the object.

    `cast` is where its shadow has been, `edge` where the zone ends and no other's goes on.
    """
    weak = score > WEAK
    count, labels = cv2.connectedComponents(weak.view(np.uint8), connectivity=8)
    labels[~weak] = 0

    def pixels(where: Flags) -> NDArray[np.int64]:
        return np.bincount(labels[where & weak], minlength=count)

    area = pixels(weak)
    touches = pixels(cv2.dilate(inside, square(RIM + TOUCH))[slices(zone)] > 0) >= ATTACHED * np.sqrt(area)
    returns = pixels(cast) >= RETURN * area
    follows = np.bincount(labels.ravel(), np.where(weak & known, votes, 0).ravel(), count) >= STEADY * area
    guessed = pixels(~known) > GUESSED * area
    leaks = pixels(edge) > np.where(guessed, CLOSE, LEAK * np.sqrt(area))
    fits = (area >= SPECK) & (area <= LARGEST * np.count_nonzero(inside)) & ~leaks
    kept = fits & (pixels(score > TAKEN) > 0) & (touches | returns | follows | (pixels(fell) >= FALLEN * area))
    return np.asarray(kept[labels] & weak, np.bool_)


def _border(zone: Box, picture: Grey) -> Flags:
    """Return the outermost pixels of a zone, but for those that are the picture's."""
    whole = np.zeros(picture.shape, np.bool_)
    whole[slices(zone)] = True
    whole[1:-1, 1:-1] &= ~(cv2.erode(whole.view(np.uint8), square(1)) > 0)[1:-1, 1:-1]
    whole[[0, -1]] = whole[:, [0, -1]] = False
    border: Flags = whole[slices(zone)]
    return border

"""The first view of an object and its spot there in, where it is in the views after that out."""

import cv2
import numpy as np

from stages.segment.spot import Spot, sure, tight
from stages.segment.track.appearance.find import Found, find
from stages.segment.track.appearance.model import Appearance
from stages.segment.track.propagate.apart import apart
from stages.segment.track.propagate.decide import band, decide
from stages.segment.track.propagate.flow import Floats, Motion, follow, motion_between
from stages.segment.track.propagate.rivals import describe, rivalry
from stages.segment.track.propagate.scope import Lab, Scope, alike, look, scope_around, within
from stages.segment.track.propagate.shape import Known, body, depth_of
from stages.segment.track.propagate.trust import weigh
from stages.segment.track.tracker import Sighting
from stages.segment.view import Colours, View
from transport.messages import Box

FIRM, FIRM_MOST = 0.2, 4.0  # log-odds a working pixel of depth, and at most
MISS = 2.0  # how much less that is for a pixel by which the motion misses its start
RIVAL, RIVAL_MOST = 0.14, 4.0  # log-odds a unit of rivalry
APART, APART_MOST = 0.6, 3.0  # log-odds for one of motion
LOOK = 2.4  # log-odds for one of appearance
NEAR = 3  # working pixels around the band in which the appearance is asked
AGAINST = 1.0  # log-odds by which the appearance contradicts a decision that it had better not learn
LEARN_EVERY = 2  # frames
LEARNS = 0.5  # of the usual area: with less in sight nothing is learned
USUAL = 0.05  # how fast the usual area follows
GONE = 0.12  # of the usual area: less is not the object
DOUBT = 0.5  # of the usual area: with less in sight it is looked for elsewhere too
LOST = 0.25  # confidence below which it is not believed
SURE = 0.5  # confidence from which a sighting is sure
FOUND = 0.75  # confidence at which a place is believed
EVERY = 3  # frames between searches
NEARBY = 9  # frames in which it is searched around where it was before everywhere
AROUND = 1.0  # of its box on every side, that is
CHECK_SIDE = 45  # pixels: square root of the object's area in a picture that is searched


class MaskFollower:
    """Follows one object; holds one reduced part of a picture and an appearance of fixed size."""

    def __init__(self, view: View, spot: Spot) -> None:
        """Begin with an object that is `spot` in this frame; of one that is empty nothing is ever seen."""
        self._picture = view.width, view.height
        self._appearance = Appearance()
        self._scope: Scope | None = None  # None: lost
        self._lab: Lab = np.zeros((1, 1, 3), np.uint8)
        self._depth: Floats = np.full((1, 1), -1, np.float32)
        self._box: Box | None = None  # where it was last
        self._area = 0.0  # usual, in pixels of the picture
        self._age = 0  # frames since it was surely seen
        self._clock = 0  # frames of doubt
        self._turn = 0  # frames since the appearance was learned
        self._left = False
        self.correct(view, spot)

    def correct(self, view: View, spot: Spot) -> None:
        """Take in what the user says of the frame that was last stepped to; it is never forgotten."""
        said = sure(spot)
        if said is None:
            return
        self._area = float(np.count_nonzero(said.values))
        self._aim(view, said)
        self._appearance.learn(_bgr(self._lab), _bytes(self._depth > 0), keep=True)
        self._age = self._clock = 0

    def cut(self) -> None:
        """Know that the next frame begins a new shot: nothing is where it was."""
        self._scope, self._left, self._clock = None, False, NEARBY + EVERY - 1  # the next frame is searched

    def step(self, view: View) -> Sighting:
        """Return where the object is in the next frame."""
        self._age += 1
        if not self._area:
            return Sighting(spot=None, confidence=1.0, age=self._age)
        if self._scope is None:
            return self._search(view)
        lab = look(view, self._scope)
        motion = motion_between(self._lab[..., 0], lab[..., 0])
        sighting = self._decided(view, lab, motion, follow(self._depth, motion.back))
        if sighting.spot is None or self._clock:
            return self._elsewhere(view, sighting)
        return sighting

    def _decided(self, view: View, lab: Lab, motion: Motion, depth: Floats) -> Sighting:
        """Decide where the object is that was carried to `depth`, and learn from it; nothing if it is lost."""
        open_ = band(depth)
        odds = np.clip(FIRM * depth / (1 + MISS * motion.missed), -FIRM_MOST, FIRM_MOST)
        rival = rivalry(describe(lab), describe(self._lab), self._depth > 0, motion.back, open_)
        odds += np.clip(RIVAL * rival, -RIVAL_MOST, RIVAL_MOST)
        odds += np.clip(APART * apart(motion, depth), -APART_MOST, APART_MOST)
        near, seen = self._looked(lab, depth, open_)
        inside = body(decide(lab, depth, odds + LOOK * seen, open_), depth > 0)
        return self._judged(view, lab, inside, near, seen)

    def _judged(self, view: View, lab: Lab, inside: Known, near: Known, seen: Floats) -> Sighting:
        depth = depth_of(inside)
        evidence = weigh(inside, near, seen, self._usual)
        spot, confidence = self._outline(depth), evidence.confidence
        if spot is None or evidence.share < GONE or confidence < LOST:
            return self._lose()
        self._clock = self._clock + 1 if evidence.share < DOUBT or confidence < SURE else 0
        if evidence.share >= LEARNS:
            self._learn(lab, inside, seen)
        area = float(np.count_nonzero(spot.values))
        self._area += USUAL * (area - self._area)
        self._age = 0 if confidence >= SURE else self._age
        self._go_on(view, spot, lab, depth)
        return Sighting(spot=spot, confidence=confidence, age=self._age)

    def _learn(self, lab: Lab, inside: Known, seen: Floats) -> None:
        """Take in a decision, but for what the appearance contradicts: mistakes would confirm themselves."""
        self._turn = (self._turn + 1) % LEARN_EVERY
        if self._turn == 0:
            against = np.where(inside, -seen, seen)
            self._appearance.learn(_bgr(lab), _bytes(inside), doubted=against > AGAINST)

    def _looked(self, lab: Lab, depth: Floats, open_: Known) -> tuple[Known, Floats]:
        """Return where the appearance was asked, and its log-odds there, 0 elsewhere."""
        near, seen = np.zeros(depth.shape, bool), np.zeros(depth.shape, np.float32)
        x, y, width, height = cv2.boundingRect((open_ | (depth > 0)).view(np.uint8))
        part = slice(max(y - NEAR, 0), y + height + NEAR), slice(max(x - NEAR, 0), x + width + NEAR)
        if width:
            near[part] = True
            seen[part] = self._appearance.score(_bgr(lab[part]), _bytes(depth[part] > 0))
        return near, seen

    @property
    def _usual(self) -> float:
        """The usual area in working pixels."""
        return self._area * self._scope.scale**2 if self._scope else 0.0

    def _lose(self) -> Sighting:
        box, (width, height) = self._box, self._picture
        self._left = box is not None and (
            box.x == 0 or box.y == 0 or box.x + box.width == width or box.y + box.height == height
        )
        self._scope, self._clock = None, 0
        return Sighting(spot=None, confidence=SURE, age=self._age, left=self._left)

    def _elsewhere(self, view: View, here: Sighting) -> Sighting:
        """Look for the object where it may have come out, while it is hardly seen where it was followed to."""
        if here.spot is not None and self._clock % EVERY:
            return here
        found = self._found(view, everywhere=False)
        return self._taken(view, found) if found else here

    def _search(self, view: View) -> Sighting:
        self._clock += 1
        found = None
        if self._clock % EVERY == 0 or self._clock == 1:
            found = self._found(view, everywhere=self._clock > NEARBY or self._box is None)
        if found:
            return self._taken(view, found)
        return Sighting(spot=None, confidence=SURE, age=self._age, left=self._left)

    def _found(self, view: View, *, everywhere: bool) -> Found | None:
        """Return the likeliest place, in pixels of the picture, if it is likely enough."""
        box = Box(x=0, y=0, width=view.width, height=view.height)
        if not everywhere and self._box:
            box = _widened(self._box, box)
        size = self._area**0.5
        scale = min(1.0, CHECK_SIDE / size)
        scope = Scope(box=box, width=max(1, round(box.width * scale)), height=max(1, round(box.height * scale)))
        places = find(self._appearance, _bgr(look(view, scope)), size * scope.scale)
        if not places or places[0].confidence < FOUND:
            return None
        inside = np.zeros((scope.height, scope.width), np.float32)
        spot = places[0].spot
        rows, columns = spot.values.shape
        y, x = spot.box.y, spot.box.x
        fit = inside[y : y + rows, x : x + columns]
        fit[:] = spot.values[: fit.shape[0], : fit.shape[1]]
        full = cv2.resize(inside, (box.width, box.height), interpolation=cv2.INTER_LINEAR)
        seen = tight(full >= 128, box)
        return Found(spot=seen, confidence=places[0].confidence) if seen else None

    def _taken(self, view: View, found: Found) -> Sighting:
        """Go on from a place at which the object was found again, its outline decided anew."""
        self._aim(view, found.spot)
        self._clock, self._left = 0, False
        depth, lab = self._depth, self._lab
        open_ = band(depth * np.float32(0.5))
        _, seen = self._looked(lab, depth, open_)
        odds = np.clip(FIRM * depth, -FIRM_MOST, FIRM_MOST) + LOOK * seen
        inside = body(decide(lab, depth, odds, open_), depth > 0)
        spot = self._outline(depth_of(inside)) or found.spot
        self._aim(view, spot)
        self._age = 0
        return Sighting(spot=spot, confidence=found.confidence)

    def _outline(self, depth: Floats) -> Spot | None:
        """Return the object at full resolution: the outline lies between working pixels as their depths say."""
        assert self._scope
        box = self._scope.box
        if (box.height, box.width) != depth.shape:
            depth = cv2.resize(depth, (box.width, box.height), interpolation=cv2.INTER_LINEAR)  # type: ignore[assignment]
        return tight(depth > 0, box)

    def _go_on(self, view: View, spot: Spot, lab: Lab, depth: Floats) -> None:
        """Keep the scope as long as the object stays in its middle: resampling costs time, and a bit of the outline."""
        assert self._scope
        if alike(self._around(spot.box), self._scope):
            self._box, self._lab, self._depth = spot.box, lab, depth
        else:
            self._aim(view, spot)

    def _aim(self, view: View, spot: Spot) -> None:
        """Look at a spot, and remember what is there for the next frame to be compared with."""
        self._box, self._scope = spot.box, self._around(spot.box)
        self._lab = look(view, self._scope)
        self._depth = depth_of(within(spot, self._scope) >= 0.5)

    def _around(self, box: Box) -> Scope:
        return scope_around(box.x, box.y, box.x + box.width, box.y + box.height, self._picture)


def _widened(box: Box, picture: Box) -> Box:
    way = round(AROUND * max(box.width, box.height))
    x, y = max(box.x - way, 0), max(box.y - way, 0)
    right, bottom = min(box.x + box.width + way, picture.width), min(box.y + box.height + way, picture.height)
    return Box(x=x, y=y, width=right - x, height=bottom - y)


def _bgr(lab: Lab) -> Colours:
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2BGR), np.uint8)


def _bytes(inside: Known) -> Colours:
    return inside.astype(np.uint8) * np.uint8(255)

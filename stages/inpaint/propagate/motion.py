"""The window's pictures in, how the picture moves from each to the next out: also behind the object."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from stages.inpaint.engine import Picture
from stages.inpaint.propagate.camera import camera_between, grid, inverse, is_still, plane_flow
from stages.inpaint.propagate.flow import Flow, carried, flow_between, turned
from stages.inpaint.propagate.harmonic import extend
from stages.inpaint.propagate.images import Floats, Known, grown, part, softened, union, widened
from stages.inpaint.propagate.light import lighter_by
from stages.inpaint.propagate.sizes import SIDE
from stages.inpaint.propagate.view import View, look
from transport.messages import Box

MARGIN = 64  # small pixels around the holes that the dense flow looks at
ALIKE = 1.0  # small pixels a step: what differs by more is another thing
SPARSE = 7  # every so many vectors are enough for a median
LIGHTER = 20  # grey levels that a hole may change its brightness by from frame to frame


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Step:
    """What changes between a frame and the next."""

    ahead: Flow
    back: Flow
    lighter: Floats  # (C,) levels


class Motion:
    """The views of the window and the steps between them; each is computed once."""

    def __init__(self, side: int = SIDE) -> None:
        self._side = side
        self._views: dict[int, View] = {}
        self._steps: dict[int, Step] = {}
        self._light: dict[int, Floats] = {}

    def see(self, pictures: Sequence[Picture]) -> None:
        """Take the window's pictures in, consecutive and in order, and forget what lies before them."""
        oldest = pictures[0].seq
        self._views = {seq: view for seq, view in self._views.items() if seq >= oldest}
        self._steps = {seq: step for seq, step in self._steps.items() if seq >= oldest - 1}
        self._light = {seq: light for seq, light in self._light.items() if seq >= oldest}
        for picture in pictures:
            if picture.seq not in self._views:
                self._add(picture)

    def view(self, seq: int) -> View:
        """Return the view of a frame of the window."""
        return self._views[seq]

    def step(self, seq: int) -> Step:
        """Return the motion from frame `seq` of the window to the next; there must be a hole in one of them."""
        return self._steps[seq]

    def light(self, seq: int) -> Floats:
        """Return how many levels, (C,), lighter a frame of the window is than the one where its steps began."""
        return self._light[seq]

    def alike(self, seq: int) -> Known:
        """Return where a frame moves as its hole does, (h, w): there is more of what the hole hides; all if unknown."""
        view, step = self._views[seq], self._steps.get(seq)
        same = np.ones(view.hole.shape, np.bool_)
        if step is None:
            return same
        flow, hole = step.ahead, view.hole[part(step.ahead.box)]
        off = np.abs(flow.residual - np.median(flow.residual[hole][::SPARSE], axis=0)).max(axis=2)
        same[part(flow.box)] = ~widened(off > ALIKE, 2) | hole
        enough = np.count_nonzero(same & ~view.hole) > np.count_nonzero(view.hole)
        return same if enough else np.ones_like(same)

    def _add(self, picture: Picture) -> None:
        view, before = look(picture, self._side), self._views.get(picture.seq - 1)
        light = np.zeros(view.colours.shape[2], np.float32)
        if before is not None and before.box.width + view.box.width > 0:
            view, step = _next(before, view, self._steps.get(picture.seq - 2))
            self._steps[picture.seq - 1], light = step, self._light[picture.seq - 1] + step.lighter
        self._views[picture.seq], self._light[picture.seq] = view, light


def _next(before: View, view: View, last: Step | None) -> tuple[View, Step]:
    """Return the next view with its hole as it was in the one before, and the step to it."""
    camera = camera_between(before, view)
    region = grown(union(before.box, view.box), MARGIN, view.grey.shape)
    there, back, still = plane_flow(camera, region), plane_flow(inverse(camera), region), is_still(camera)
    view = _prefilled(before, view, back, region)
    prior = carried(last.ahead.residual, last.ahead.box, last.back, region) if last else None
    ahead = flow_between(before, view, there, region, prior, still=still)
    returned = turned(ahead.vectors, back) - back
    come = flow_between(view, before, back, region, returned, still=still)
    return view, Step(ahead=ahead, back=come, lighter=lighter_by(before, view, camera))


def _prefilled(before: View, view: View, back: Floats, region: Box) -> View:
    """Let the hole of a view go along with the camera, so that the flow around it is not drawn to a standstill."""
    if view.box.width == 0:
        return view
    box = grown(view.box, 6, view.grey.shape)
    x, y = grid(box)
    way = back[box.y - region.y :, box.x - region.x :][: box.height, : box.width]
    warped = cv2.remap(
        before.grey, x + way[..., 0], y + way[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    ).astype(np.float32)
    hole, grey = widened(view.hole, 1)[part(box)], view.grey.copy()
    lighter = extend((grey[part(box)].astype(np.float32) - warped)[..., None], ~hole, 1)
    lighter = np.clip(softened(lighter, 3), -LIGHTER, LIGHTER)[..., 0]
    grey[part(box)] = np.where(hole, np.clip(warped + lighter, 0, 255), grey[part(box)])
    return replace(view, grey=grey)

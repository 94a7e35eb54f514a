"""What was pointed at in, its outline out, with no weights but a few dozen numbers: the embedded default.

In the manner of GrabCut (Rother et al. 2004): models of the object and of what is around it are made from a first
guess, the picture is cut by them, and both are repeated. Besides colour they are of texture, of motion against the
window, and of the place in the box; what is reached from the box's sides without crossing an edge is background.
Deterministic, and of a bounded cost whatever the picture's size: all but the last step works on a small area.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from stages.segment.point.area import Area, Map, around, within
from stages.segment.point.cues import Evidence
from stages.segment.point.fallback import fallback
from stages.segment.point.guess import guesses
from stages.segment.point.meant import meant
from stages.segment.point.motion import moves
from stages.segment.point.outlines import Outline, outlines
from stages.segment.point.refine import refine
from stages.segment.point.segmenter import Hint, Point
from stages.segment.spot import SURE, Spot
from stages.segment.view import View
from transport.messages import Box

HELD = 20.0  # the leaning of a pixel that was pointed at
TOUCH = 0.03  # of the area's longer side: radius of what a point says


class GrabCut:
    """Keeps to Segmenter; holds nothing."""

    def segment(self, view: View, hint: Hint, window: Sequence[View] = ()) -> Spot:
        """Return the object, 0 to 255 with 128 as its outline; see Segmenter."""
        boxes = guesses(view, hint, window)
        found = [(box, *one) for box in boxes for one in seen(view, box, hint, window)]
        if len(boxes) == 1:
            _, area, outline = max(found, key=lambda one: one[2].score)
        else:
            _, area, outline = max(found, key=lambda one: meant(view, *one))
        spot = refine(view, area, outline.share)
        return spot if (spot.values >= SURE).any() else fallback(view, hint)


def seen(view: View, box: Box, hint: Hint, window: Sequence[View]) -> list[tuple[Area, Outline]]:
    """Return every outline that is seen in a box."""
    area = around(view, box)
    evidence = Evidence(area, list(moves(view, window, box, area)), _held(area, hint))
    older = _older(area, hint.spot) if hint.spot is not None else None
    return [(area, outline) for outline in outlines(evidence, older)]


def _held(area: Area, hint: Hint) -> Map:
    """Return what was pointed at as discs: above 0 on the object, below it beside."""
    held = np.zeros(area.across.shape, np.float32)
    for points, leaning in ((hint.background, -HELD), (hint.points, HELD)):
        for point in points:
            cv2.circle(held, _inside(area, point), max(1, round(TOUCH * max(held.shape))), leaning, cv2.FILLED)
    return held


def _inside(area: Area, point: Point) -> tuple[int, int]:
    height, width = area.across.shape
    x = (point.x + 0.5 - area.place.x) * width / area.place.width
    y = (point.y + 0.5 - area.place.y) * height / area.place.height
    return int(np.floor(x)), int(np.floor(y))


def _older(area: Area, spot: Spot) -> Map:
    """Return an outline that may be a little off, blurred by how much."""
    share = within(area, spot.values, spot.box)
    return np.asarray(cv2.GaussianBlur(share, (0, 0), max(1.0, TOUCH * max(share.shape))), np.float32)

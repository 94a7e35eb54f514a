"""A detection in, a spot that covers the whole object out: rather too much of it than a foot too little."""

from collections.abc import Sequence

import numpy as np

from stages.segment.detect.detector import Detection
from stages.segment.point.segmenter import Hint, Segmenter
from stages.segment.spot import SURE, Spot, enlarge, grown, tight
from stages.segment.view import View
from transport.messages import Box

MARGIN = 0.12  # of the box's sides, on every side: detectors' boxes cut off heads, hands and feet
LARGE = 0.05  # of the picture: smaller boxes are hidden whole, as outlines take a tenth of a second each
CORNER = 6.0  # exponent of the superellipse: 2 would cut the corners as an ellipse does, infinity not at all
ROUND = 0.04  # of the box's shorter side: how far an outline is trusted
FILLS = 0.5  # share of the box's area, and
REACHES = 0.9  # of its width and height, without which an outline is not believed to be all of the object


def cover(view: View, detection: Detection, segmenter: Segmenter | None, window: Sequence[View] = ()) -> Spot:
    """Return what hides the object: its outline widened where that can be trusted, else its whole box."""
    pixels, picture = round(ROUND * min(detection.box.width, detection.box.height)), view.frame.format
    if detection.spot:
        return grown(detection.spot, pixels, picture)
    whole = enlarge(detection.box, MARGIN, picture)
    if segmenter is None or detection.box.width * detection.box.height < LARGE * view.width * view.height:
        return full(whole)
    outline = segmenter.segment(view, Hint(box=whole), window)
    if not _is_believed(outline, detection.box):
        return full(whole)
    return grown(outline, pixels, picture)


def full(box: Box) -> Spot:
    """Return the box without its outermost corners."""
    across, down = (np.abs(np.linspace(-1, 1, length)) ** CORNER for length in (box.width, box.height))
    inside = (across[None] + down[:, None]) <= 1 if min(box.width, box.height) > 2 else np.ones((box.height, box.width))
    return Spot(box=box, values=inside.astype(np.uint8) * np.uint8(255))


def _is_believed(outline: Spot, box: Box) -> bool:
    found = tight(outline.values >= SURE, outline.box)
    if found is None:
        return False
    reaches = found.box.width >= REACHES * box.width and found.box.height >= REACHES * box.height
    return reaches and bool(np.count_nonzero(found.values) >= FILLS * box.width * box.height)

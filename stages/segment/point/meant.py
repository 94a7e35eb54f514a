"""Outlines in boxes that were guessed in, how likely each is meant out: besides its looks, its size counts."""

import numpy as np

from stages.segment.point.area import Area
from stages.segment.point.outlines import Outline
from stages.segment.point.weights import MEANT
from stages.segment.view import View
from transport.messages import Box

LEAST_SHARE = 1e-4  # of the picture


def meant(view: View, box: Box, area: Area, outline: Outline) -> float:
    """Return a score by which the outlines of several boxes can be compared."""
    return float(np.dot(all_looks(view, box, area, outline), MEANT))


def all_looks(view: View, box: Box, area: Area, outline: Outline) -> list[float]:
    """Return what speaks for and against it, as MEANT weighs it: objects are seldom as large as their picture."""
    picture = view.width * view.height
    covered = float((outline.share > 0.5).mean()) * area.place.width * area.place.height / picture
    covers, spans = float(np.log(covered + LEAST_SHARE)), float(np.log(box.width * box.height / picture))
    ends = box.x <= 1, box.y <= 1, box.x + box.width >= view.width - 1, box.y + box.height >= view.height - 1
    return [*outline.looks, covers, covers**2, spans, spans**2, float(sum(ends))]

"""Evidence in, several outlines that it allows out, and how good each looks: from thin things to such that fill a box.

How much of its box an object fills is not known (a kite surfer a tenth, a car four fifths), so one outline is drawn
for each of several leanings of all pixels together, and the best is chosen by looks.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from stages.segment.point.area import Flags, Map
from stages.segment.point.cues import Cues, Evidence
from stages.segment.point.weights import AGAIN, FIRST, LOOKS

LEANINGS = (-2.5, -1.5, -0.75, 0.0, 0.75, 1.5, 2.5)  # of a whole box, to be an object all over
CERTAIN = 4.0  # the leaning of what an older outline says
RIM = 4.0  # pixels around an outline that are looked at for how it stands out


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outline:
    """One way to see it."""

    share: Map  # 0 to 1, 0.5 is the outline
    looks: list[float]  # what speaks for and against it; see `looks`

    @property
    def score(self) -> float:
        """What intersection over union is to be expected, roughly, where the box is known."""
        return float(np.dot(self.looks, LOOKS))


def outlines(evidence: Evidence, older: Map | None = None) -> list[Outline]:
    """Return several outlines, or such as are near an older one (0 to 1)."""
    leaning = weigh(evidence.first(), FIRST) if older is None else CERTAIN * (2 * older - 1)
    shares = [drawn(evidence, leaning + all_over) for all_over in LEANINGS]
    return [Outline(share=one, looks=looks(evidence, one, shares, leaning)) for one in shares]


def weigh(cues: Cues, weights: Sequence[float]) -> Map:
    """Return the sum of weighed cues: how much each pixel leans to the object."""
    return cues @ np.asarray(weights, np.float32)


def drawn(evidence: Evidence, leaning: Map) -> Map:
    """Return where the object is, 0 to 1, if pixels lean so at first."""
    share = evidence.settle(leaning)
    for weights in AGAIN:
        leaning = weigh(evidence.again(share, leaning), weights)
        share = evidence.settle(leaning)
    return share


def looks(evidence: Evidence, share: Map, all_shares: Sequence[Map], leaning: Map) -> list[float]:
    """Return what speaks for and against an outline, as LOOKS weighs it."""
    inside, within = evidence.inside, share > 0.5
    on = within.astype(np.float32)
    rim = (cv2.GaussianBlur(on, (0, 0), RIM) > 0.05).astype(np.float32) * (1 - on)
    fill, fit = float(within[inside].mean()), _fit(within, inside)
    contrast, length = _contrast(evidence, on)
    colour = evidence.colour.overlap(on, rim)
    return [
        1.0,
        fit,
        fit * fit,
        fill,
        fill * fill,
        contrast,
        colour,
        evidence.texture.overlap(on, rim),
        float(np.mean([model.overlap(on, rim) for model in evidence.motion])) if evidence.motion else 1.0,
        _mean(evidence.speed, on) - _mean(evidence.speed, rim),
        _mean(evidence.barrier, on) - _mean(evidence.barrier, (1 - on) * inside),
        float(np.mean([_overlap(within, other > 0.5) for other in all_shares])),
        float((np.clip(leaning, -3, 3) * (2 * on - 1))[inside].mean()),
        length / (2 * float(np.sqrt(np.pi * (on.sum() + 1)))),
        colour * fill,
        float(np.abs(share - 0.5)[inside].mean()),
    ]


def _fit(within: Flags, inside: Flags) -> float:
    """Return the intersection over union of the outline's own box with the box that was given."""
    x, y, width, height = cv2.boundingRect(within.view(np.uint8))
    left, top, across, down = cv2.boundingRect(inside.view(np.uint8))
    shared_width = min(x + width, left + across) - max(x, left)
    shared_height = min(y + height, top + down) - max(y, top)
    shared = max(0, shared_width) * max(0, shared_height)
    return shared / max(1, width * height + across * down - shared)


def _contrast(evidence: Evidence, on: Map) -> tuple[float, float]:
    """Return by how much cheaper the outline is than the box's usual pixel, and how long it is in pixels."""
    right, below = evidence.lengths
    across, down = np.abs(np.diff(on, axis=1)), np.abs(np.diff(on, axis=0))
    length = float(across.sum() + down.sum()) + 1e-3
    cost = float((right[:, :-1] * across).sum() + (below[:-1] * down).sum()) / length
    return (float(right[evidence.inside].mean()) + float(below[evidence.inside].mean())) / 2 - cost, length


def _mean(values: Map, weights: Map) -> float:
    return float((values * weights).sum() / (weights.sum() + 1))


def _overlap(one: Flags, other: Flags) -> float:
    return float((one & other).sum() / max(1, int((one | other).sum())))

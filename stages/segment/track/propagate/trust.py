"""How a decision came about in, how much of it is to be believed out."""

from dataclasses import dataclass

import numpy as np

from stages.segment.track.propagate.flow import Floats
from stages.segment.track.propagate.shape import Known

WEIGHTS = (3.0, -3.0, 1.0, -0.3)  # of agreement inside, outside, of the area's share and of the motion's misses
BASE = 0.5  # log-odds
MOST_MISSED = 4.0  # pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is known of one decision."""

    inside: float  # 0 to 1, how much the appearance sees the object where it was decided to be ...
    outside: float  # ... and around it
    share: float  # of its usual area that is seen, at most 1
    missed: float  # pixels by which the motion inside misses its start

    @property
    def confidence(self) -> float:
        """The expected overlap (intersection over union) with the truth."""
        known = (self.inside, self.outside, float(np.log(max(self.share, 1e-2))), self.missed)
        return float(1 / (1 + np.exp(-BASE - sum(w * k for w, k in zip(WEIGHTS, known, strict=True)))))


def weigh(inside: Known, near: Known, look: Floats, missed: Floats, usual: float) -> Evidence:
    """Return the evidence for a decision; `near` is where `look`, log-odds of the appearance, is known."""
    chance = 1 / (1 + np.exp(-look))
    thing, ground = inside & near, ~inside & near
    return Evidence(
        inside=float(chance[thing].mean()) if thing.any() else 0.0,
        outside=float(chance[ground].mean()) if ground.any() else 0.5,
        share=min(1.0, float(np.count_nonzero(inside)) / max(usual, 1.0)),
        missed=float(np.minimum(missed[inside], MOST_MISSED).mean()) if inside.any() else MOST_MISSED,
    )

"""One frame as those see it who look for what objects cast in it: the same for all of them, so made once."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from stages.segment.outline.plate import Flags, Plate
from stages.segment.outline.reduced import Picture
from stages.segment.outline.unlit import Coarse, coarse
from stages.segment.spot import slices
from transport.messages import Box


class Scene:
    """A reduced frame, the plate behind it, and where objects hide that; holds what was worked out of them."""

    def __init__(self, seen: Picture, hidden: Flags, zones: Sequence[Box], plate: Plate) -> None:
        """Take which pixels are objects or their soft edges, and where each object's shadow may lie."""
        self.seen, self.hidden, self.plate = seen, hidden, plate
        self.claims = np.zeros(hidden.shape, np.uint8)  # how many objects' shadows may lie there
        for zone in zones:
            self.claims[slices(zone)] += np.uint8(1)
        self.free: Flags = ~hidden & (self.claims == 0)

    @cached_property
    def coarse(self) -> Coarse:
        """The frame much reduced, without the objects."""
        return coarse(self.seen, self.hidden)

"""One frame as those see it who look for what objects cast in it: the same for all of them, so made once."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from stages.segment.outline.plate import Flags, Plate
from stages.segment.outline.reduced import Picture
from stages.segment.outline.unlit import Coarse, Ground, coarse, ground_of, window_for
from stages.segment.spot import Grey, slices
from transport.messages import Box


class Scene:
    """A reduced frame, the plate behind it, and where objects hide that; holds what was worked out of them."""

    def __init__(self, seen: Picture, hidden: Flags, zones: Sequence[Box], plate: Plate) -> None:
        """Take which pixels are objects or their soft edges, and where each object's shadow may lie."""
        self.seen, self.hidden, self.plate = seen, hidden, plate
        self._grounds: dict[int, Ground] = {}  # for objects of one size
        self.claims = np.zeros(hidden.shape, np.uint8)  # how many objects' shadows may lie there
        for zone in zones:
            self.claims[slices(zone)] += np.uint8(1)
        self.free: Flags = ~hidden & (self.claims == 0)

    def ground(self, inside: Grey, part: tuple[slice, slice]) -> Ground:
        """Return what the ground around an object looks like in a part of the frame; `inside` is 255 where it is."""
        window = window_for(inside)
        if window not in self._grounds:
            self._grounds[window] = ground_of(self._coarse, window, self.hidden.shape)
        level, rough = self._grounds[window]
        return level[part], rough[part]

    @cached_property
    def _coarse(self) -> Coarse:
        return coarse(self.seen, self.hidden)

"""The frames that pointers point into, as small colour pictures: the window's, and a bounded number of past ones.

The hole of a past frame holds what filled it. Pictures lie in one array, frame `seq` in slot `seq` modulo its length,
so that compiled loops can read all of them. Some slots may be spare: there frames lie that are far away, and pointers
into them name the slot, as FAR and more.
"""

import numpy as np
from numpy.typing import NDArray

from stages.inpaint.propagate.crop import Crop
from stages.inpaint.propagate.images import Bytes, Floats, part
from stages.inpaint.propagate.pointers import FAR, NOWHERE
from stages.inpaint.propagate.sizes import SIDE, small_size
from stages.inpaint.propagate.view import View
from stages.pixels import layout
from transport.messages import PictureFormat


class Plates:
    """Small pictures and their holes by seq."""

    def __init__(self, picture: PictureFormat, slots: int, spare: int = 0, side: int = SIDE) -> None:
        self._spare, slots = spare, slots + spare
        width, height = small_size(picture, side)
        channels = len(layout(picture.pixel_format).components)
        self.colours = np.empty((slots, height, width, channels), np.uint8)
        self.holes = np.ones((slots, height, width), np.bool_)
        self.seqs = np.full(slots, NOWHERE, np.int32)
        self._light = np.full((slots, channels), np.nan, np.float32)  # levels; nothing is known of the spare ones

    def add(self, seq: int, view: View, light: Floats) -> None:
        """Take a view in, in place of the one that lies where it belongs; see `Motion.light`."""
        slot = seq % len(self.seqs)
        if self.seqs[slot] != seq:
            self.seqs[slot], self.colours[slot], self.holes[slot] = seq, view.colours, view.closed
            self._light[slot] = light

    def lighter(self, now: int) -> Floats:
        """Return by how many levels frame `now` is lighter than that in each slot, (slots, C); 0 where nobody knows."""
        return np.asarray(np.nan_to_num(self._light[now % len(self.seqs)] - self._light), np.float32)

    def fill(self, seq: int, rows: NDArray[np.int32], columns: NDArray[np.int32], colours: Bytes) -> None:
        """Put (n, C) colours where the hole of a frame was."""
        self.colours[seq % len(self.seqs)][rows, columns] = colours

    def oldest(self, now: int, look_ahead: int) -> int:
        """Return the oldest frame that will still be there when frame `now` is over and one more has come."""
        return now + look_ahead + 2 + self._spare - len(self.seqs)

    def spare(self, now: int, look_ahead: int) -> list[int]:
        """Return the slots in which no frame lies that is still needed; the first is taken first."""
        first = now + look_ahead + 1
        return [seq % len(self.seqs) for seq in range(first, first + self._spare)]

    @property
    def far(self) -> int:
        """What pointers to spare slots are numbered from: FAR or more, and a multiple of the number of slots."""
        return (FAR // len(self.seqs) + 1) * len(self.seqs)

    def put(self, slot: int, crop: Crop) -> None:
        """Lay a part of a frame that is far away into a spare slot."""
        self.seqs[slot] = NOWHERE
        self.colours[slot], self.holes[slot], self._light[slot] = 0, True, np.nan
        self.colours[slot][part(crop.small)], self.holes[slot][part(crop.small)] = crop.colours, crop.hole

"""The default engine: a window of pictures in, the pixels that fill the hole of one of them out."""

from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path

import numpy as np

from stages.inpaint.engine import EngineOptions, Picture
from stages.inpaint.propagate.choose import chosen
from stages.inpaint.propagate.detail import Originals
from stages.inpaint.propagate.follow import Points, Trail, ahead, behind, points_of
from stages.inpaint.propagate.foresight import Foresight
from stages.inpaint.propagate.fuse import Mixture, blended, candidate, plain
from stages.inpaint.propagate.motion import Motion
from stages.inpaint.propagate.plates import Plates
from stages.inpaint.propagate.pointers import nowhere
from stages.inpaint.propagate.sizes import SIDE, needs_detail, slots_for, spare_for
from stages.inpaint.propagate.view import View
from stages.pixels import Pixels


class Propagate:
    """Fills the holes of one shot; its state is the plates, the motion within the window, and the last pointers."""

    def __init__(self, options: EngineOptions) -> None:
        self._options = options
        self._side = options.working or SIDE
        self._motion = Motion(self._side)
        self._plates: Plates | None = None
        self._originals: Originals | None = None
        self._trail: Trail | None = None
        self._foresight: Foresight | None = None

    @property
    def frames_held(self) -> int:
        """Frames that the state has room for, those of the window among them."""
        return 0 if self._plates is None else len(self._plates.seqs)

    def fill(self, window: Sequence[Picture]) -> Pixels:
        """Return (h, w, C) pixels for the mask's box of the second picture."""
        now, pictures = window[1], _consecutive(window)
        plates = self._see(pictures, now, len(window))
        view = self._motion.view(now.seq)
        points = points_of(view)
        if not points.count:
            return np.zeros((now.mask.box.height, now.mask.box.width, plates.colours.shape[3]), np.float32)
        mixture = self._mixture(view, points, [picture.seq for picture in pictures], now.seq, plates)
        plates.fill(now.seq, points.rows, points.columns, (mixture.colours + np.float32(0.5)).astype(np.uint8))
        self._trail = Trail(seq=now.seq, points=points, pointers=mixture.pointers.lasting)
        if self._originals is not None:
            return self._originals.fill(now, mixture, points, view)
        box = now.mask.box
        pixels = np.zeros((box.height, box.width, plates.colours.shape[3]), np.float32)
        pixels[points.rows - box.y, points.columns - box.x] = mixture.colours
        return pixels

    def _see(self, pictures: list[Picture], now: Picture, span: int) -> Plates:
        """Take in what of the window is new."""
        self._motion.see(pictures)
        if self._plates is None:
            slots, spare = slots_for(now.format, span), spare_for(now.format, self._options)
            self._plates = Plates(now.format, slots, spare, self._side)
            if needs_detail(now.format, self._side):
                self._originals = Originals(now.format, slots + spare)
            if spare:
                self._foresight = Foresight(Path(self._options.foresight), now.format, self._plates, self._originals)
        for picture in pictures:
            self._plates.add(picture.seq, self._motion.view(picture.seq), self._motion.light(picture.seq))
            if self._originals is not None:
                self._originals.add(picture, self._motion.view(picture.seq))
        return self._plates

    def _mixture(self, view: View, points: Points, seqs: list[int], now: int, plates: Plates) -> Mixture:
        """Find where the points are to be seen, and decide what is shown."""
        ahead_of = seqs[seqs.index(now) :]
        past = None
        if seqs[0] < now:
            past = behind(
                points, seqs[0], self._trail, self._motion, plates, plates.oldest(now, self._options.look_ahead)
            )
        if view.flat:
            return plain(view, points, past)
        found = [past.pointers if past else nowhere(points.count), ahead(points, ahead_of, self._motion)]
        if self._foresight is not None:
            found += self._foresight.look(now, points, self._options.look_ahead, found)
        candidates = [candidate(view, points, pointers, plates, now) for pointers in found]
        if self._options.fill == "sharp":
            return chosen(view, points, candidates, lambda: self._motion.alike(now), plates, now)
        return blended(view, points, candidates, past, plates, now)


def _consecutive(window: Sequence[Picture]) -> list[Picture]:
    """Return the window without the mirror images at its ends."""
    now = window[1].seq
    before = [picture for picture in window[:1] if picture.seq == now - 1]
    after = takewhile(lambda pair: pair[1].seq == now + pair[0], enumerate(window[1:]))
    return before + [picture for _, picture in after]

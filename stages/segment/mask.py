"""What was found in a frame in, its Mask out: with its shadow, grown, held, softened, and cut off what is kept."""

from collections.abc import Sequence

import numpy as np

from stages.segment.config import SegmentConfig
from stages.segment.outline.effects import Effects
from stages.segment.outline.hold import Holder
from stages.segment.outline.keep import keep
from stages.segment.outline.outline import Outline
from stages.segment.outline.parts import parts
from stages.segment.outline.soften import NOTHING, soften
from stages.segment.spot import Spot, sure, unite
from stages.segment.view import View
from transport.messages import Box, Mask, PictureFormat


class Shaper:
    """Makes the masks of one stream; one that does not change is made once."""

    def __init__(self, picture: PictureFormat, config: SegmentConfig, kept: Sequence[Box]) -> None:
        self._picture, self._config, self._kept = picture, config, kept
        self._effects = Effects(picture) if config.effects else None
        self._outline = Outline(picture)
        self._holder = Holder(picture, config.hold)
        self._last: tuple[Spot, Mask] | None = None

    def step(
        self, view: View, found: Sequence[Spot], given: Spot | None, fixed: Spot | None, blurred: Spot | None
    ) -> tuple[Mask, Mask | None]:
        """Return what is to be removed of the next frame, and the part of it that is to be blurred only.

        What was found, a spot for each object, is grown by what its edge leaves; a mask that the user gave is taken as
        it is, unless what its object casts is to go as well; a fixed region always is.
        """
        seen = sure(unite(found))
        if self._effects:
            apart = [*map(sure, found), *parts(sure(given), self._picture)]
            seen = unite((seen, self._effects.step(view, *apart)))
        seen = self._outline.step(view, seen)
        whole = self._holder.step(sure(unite((seen, given, fixed))))
        if whole is None:
            return NOTHING, None
        return self._mask(whole), self._softened(sure(blurred)) if blurred else None

    def forget(self) -> None:
        """Know that the next frame begins a new shot."""
        if self._effects:
            self._effects.forget()
        self._outline.forget()
        self._holder.forget()

    def _mask(self, whole: Spot) -> Mask:
        if self._last and self._last[0].box == whole.box and np.array_equal(self._last[0].values, whole.values):
            return self._last[1]
        mask = self._softened(whole)
        self._last = (whole, mask)
        return mask

    def _softened(self, whole: Spot | None) -> Mask:
        mask = soften(whole, self._picture, dilate=self._config.dilate, feather=self._config.feather)
        return keep(mask, self._kept, self._picture)

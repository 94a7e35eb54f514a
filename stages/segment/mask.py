"""What was found in a frame in, its Mask out: made sure, held, grown, softened, and cut off what is kept."""

from collections.abc import Sequence

import numpy as np

from stages.segment.config import SegmentConfig
from stages.segment.outline.hold import Holder
from stages.segment.outline.soften import NOTHING, soften
from stages.segment.spot import Spot, sure
from stages.segment.view import View
from transport.messages import Box, Mask, PictureFormat


class Shaper:
    """Makes the masks of one stream; one that does not change is made once."""

    def __init__(self, picture: PictureFormat, config: SegmentConfig, keep: Sequence[Box]) -> None:
        self._picture, self._config, self._keep = picture, config, keep
        self._holder = Holder(picture, config.hold)
        self._last: tuple[Spot, Mask] | None = None

    def step(self, view: View, spot: Spot | None, blurred: Spot | None) -> tuple[Mask, Mask | None]:
        """Return what is to be removed of the next frame, and the part of it that is to be blurred only."""
        found = self._holder.step(sure(spot))
        if found is None:
            return NOTHING, None
        return self._soft(found), self._softened(sure(blurred)) if blurred else None

    def forget(self) -> None:
        """Know that the next frame begins a new shot."""
        self._holder.forget()

    def _soft(self, found: Spot) -> Mask:
        if self._last and self._last[0].box == found.box and np.array_equal(self._last[0].values, found.values):
            return self._last[1]
        mask = self._softened(found)
        self._last = (found, mask)
        return mask

    def _softened(self, found: Spot | None) -> Mask:
        return soften(found, self._picture, dilate=self._config.dilate, feather=self._config.feather)

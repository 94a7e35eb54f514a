"""An engine that fills every hole with mid-grey: it shows what a pipeline costs without one."""

from collections.abc import Sequence

import numpy as np

from stages.inpaint.engine import EngineKind, EngineOptions, Picture, Reach
from stages.pixels import Pixels, layout

GREY = 128  # of 0..255, in every component


class Blank:
    """Keeps nothing and looks at nothing."""

    def fill(self, window: Sequence[Picture]) -> Pixels:
        """Return grey for the mask's box of the window's only frame."""
        picture = window[0]
        box = picture.mask.box
        return np.full((box.height, box.width, len(layout(picture.format.pixel_format).components)), GREY, np.float32)


def blank(options: EngineOptions) -> EngineKind:
    """Return the engine; no option changes grey."""
    return EngineKind(reach=Reach(offsets=(0,), warm_up=0), state_bytes=lambda picture: 0, start=Blank)

"""The default engine as the scheduler sees it: how far it looks, what its state weighs, how to start it.

Nothing here needs the compiler: only the process that fills pays for that.
"""

from functools import partial

from stages.inpaint.engine import Engine, EngineKind, EngineOptions, Reach
from stages.inpaint.propagate.sizes import SIDE, needs_detail, slots_for, small_size, spare_for
from stages.pixels import frame_bytes, layout
from transport.messages import PictureFormat

WARM_UP = 24  # after that many the seam between two chunks differs no more than any two frames do


def propagate(options: EngineOptions) -> EngineKind:
    """Return the engine as the options want it: its window reaches as far ahead as they say."""
    offsets = (-1, *range(options.look_ahead + 1))
    return EngineKind(
        reach=Reach(offsets=offsets, warm_up=WARM_UP),
        state_bytes=partial(state_bytes, span=len(offsets), options=options),
        start=partial(_start, options),
    )


def state_bytes(picture: PictureFormat, span: int, options: EngineOptions) -> int:
    """Return what the state weighs at most: when every picture of the window, `span` frames, is all hole."""
    side = options.working or SIDE
    width, height = small_size(picture, side)
    channels, spare = len(layout(picture.pixel_format).components), spare_for(picture, options)
    slots = slots_for(picture, span) + spare
    plates = slots * (channels + 1)  # colours, hole
    views = (span + 1) * (channels + 4)  # the same, grey, closed
    steps = (span + 1) * 2 * 2 * 2 * 4  # both ways, all of it and the residual, two floats
    trail = 2 * 4 + 4 + 4 + 1 + 3 * 4  # row and column, index, frame, kind, three floats
    originals = slots * frame_bytes(picture) if needs_detail(picture, side) else 0
    records = 3 * (frame_bytes(picture) + picture.width * picture.height) if spare else 0  # read, inflated, taken apart
    light = 4 * channels * (slots + 2 * (span + 1))
    return width * height * (plates + views + steps + trail) + originals + records + 8 * slots + light


def _start(options: EngineOptions) -> Engine:
    from stages.inpaint.propagate.engine import Propagate

    return Propagate(options)

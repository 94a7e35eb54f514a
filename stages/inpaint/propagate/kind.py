"""The default engine as the scheduler sees it: how far it looks, what its state weighs, how to start it.

Nothing here needs the compiler: only the process that fills pays for that.
"""

from functools import partial

from stages.inpaint.engine import Engine, EngineKind, EngineOptions, Reach
from stages.pixels import frame_bytes, layout
from transport.messages import PictureFormat

SIDE = 540  # small pixels that the longer side of a view has at most
WARM_UP = 24  # after that many the seam between two chunks differs no more than any two frames do
LONG, SHORT = 32, 8  # past frames that are held at most and at least
ROOM = 48 << 20  # bytes of full-size frames beyond which fewer are held
MOST, LEAST = 24, 4  # frames that lie far away and that one frame may look into, after a first pass


def propagate(options: EngineOptions) -> EngineKind:
    """Return the engine as the options want it: its window reaches as far ahead as they say."""
    offsets = (-1, *range(options.look_ahead + 1))
    return EngineKind(
        reach=Reach(offsets=offsets, warm_up=WARM_UP),
        state_bytes=partial(state_bytes, span=len(offsets), options=options),
        start=partial(_start, options),
    )


def small_size(picture: PictureFormat) -> tuple[int, int]:
    """Return width and height of a view, in small pixels."""
    shrink = -(-max(picture.width, picture.height) // SIDE)
    return max(picture.width // shrink, 1), max(picture.height // shrink, 1)


def needs_detail(picture: PictureFormat) -> bool:
    """Say whether a view is less than the picture itself."""
    return small_size(picture) != (picture.width, picture.height) or layout(picture.pixel_format).bits > 8


def slots_for(picture: PictureFormat, span: int) -> int:
    """Return how many frames are held: the window's, and past ones as there is room for."""
    return span + min(max(ROOM // frame_bytes(picture), SHORT), LONG)


def spare_for(picture: PictureFormat, options: EngineOptions) -> int:
    """Return how many frames that lie far away one frame may look into: none without a first pass."""
    return min(max(ROOM // frame_bytes(picture), LEAST), MOST) if options.foresight else 0


def state_bytes(picture: PictureFormat, span: int, options: EngineOptions) -> int:
    """Return what the state weighs at most: when every picture of the window, `span` frames, is all hole."""
    width, height = small_size(picture)
    channels, spare = len(layout(picture.pixel_format).components), spare_for(picture, options)
    slots = slots_for(picture, span) + spare
    plates = slots * (channels + 1)  # colours, hole
    views = (span + 1) * (channels + 4)  # the same, grey, closed
    steps = (span + 1) * 2 * 2 * 2 * 4  # both ways, all of it and the residual, two floats
    trail = 2 * 4 + 4 + 4 + 1 + 3 * 4  # row and column, index, frame, kind, three floats
    originals = slots * frame_bytes(picture) if needs_detail(picture) else 0
    records = 3 * (frame_bytes(picture) + picture.width * picture.height) if spare else 0  # read, inflated, taken apart
    return width * height * (plates + views + steps + trail) + originals + records + 8 * slots


def _start(options: EngineOptions) -> Engine:
    from stages.inpaint.propagate.engine import Propagate

    return Propagate(options)

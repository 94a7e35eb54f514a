"""A picture's size in, how large a view of it is and how many frames are held out."""

from stages.inpaint.engine import EngineOptions
from stages.pixels import frame_bytes, layout
from transport.messages import PictureFormat

SIDE = 540  # small pixels that the longer side of a view has at most, where nobody wants another number
LONG, SHORT = 32, 8  # past frames that are held at most and at least
ROOM = 48 << 20  # bytes of full-size frames beyond which fewer are held
MOST, LEAST = 24, 4  # frames that lie far away and that one frame may look into, after a first pass


def small_size(picture: PictureFormat, side: int = SIDE) -> tuple[int, int]:
    """Return width and height of a view, in small pixels."""
    shrink = -(-max(picture.width, picture.height) // side)
    return max(picture.width // shrink, 1), max(picture.height // shrink, 1)


def needs_detail(picture: PictureFormat, side: int) -> bool:
    """Say whether a view is less than the picture itself."""
    return small_size(picture, side) != (picture.width, picture.height) or layout(picture.pixel_format).bits > 8


def slots_for(picture: PictureFormat, span: int) -> int:
    """Return how many frames are held: the window's, and past ones as there is room for."""
    return span + min(max(ROOM // frame_bytes(picture), SHORT), LONG)


def spare_for(picture: PictureFormat, options: EngineOptions) -> int:
    """Return how many frames that lie far away one frame may look into: none without a first pass."""
    return min(max(ROOM // frame_bytes(picture), LEAST), MOST) if options.foresight else 0

"""The plate as whoever chooses between fills sees it. Nothing here needs the compiler."""

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Final

from stages.inpaint.engine import EngineKind, Reach
from stages.pixels import frame_bytes
from transport.messages import PictureFormat

if TYPE_CHECKING:
    from stages.inpaint.plate.engine import Plate

SIDE: Final = 270  # small pixels along the longer side, on which motion and light are measured and the rest is filled


def shared() -> Callable[[], "Plate"]:
    """Return what starts a plate once: a place is the same in every chunk, and the plate knows a shot by itself.

    That is nothing for files: what it has seen depends on which chunks it was given.
    """
    return cache(_start)


def plate(start: "Callable[[], Plate]") -> EngineKind:
    """Return the engine, which looks at the frame before: that may show what is covered now."""
    return EngineKind(reach=Reach(offsets=(-1, 0), warm_up=0), state_bytes=state_bytes, start=start)


def state_bytes(picture: PictureFormat) -> int:
    """Return what it weighs: a frame, where anything is known of it, and two views."""
    return frame_bytes(picture) + picture.width * picture.height + 2 * 8 * SIDE * SIDE


def _start() -> "Plate":
    from stages.inpaint.plate.engine import Plate

    return Plate()

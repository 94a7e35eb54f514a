"""An engine made ready before its first frame: models are loaded, and what is compiled at its first call is compiled.

A live stream would otherwise lag behind every replica that joins, by 16 s of computing where no machine code is kept.
"""

from collections.abc import Iterator

import numpy as np

from stages.inpaint.engine import EngineKind
from stages.inpaint.inpaint import inpaint
from transport.messages import Box, Frame, Mask, MaskedFrame, PictureFormat

WIDTH, HEIGHT, FRAMES = 96, 64, 4
HOLE = Box(x=40, y=24, width=16, height=16)


def warm_up(kind: EngineKind) -> None:
    """Fill a few small pictures, and forget them; raises what the engine raises, which it would at the first frame."""
    for _ in inpaint(_pictures(), kind):
        pass


def _pictures() -> Iterator[MaskedFrame]:
    """Yield something that moves, with a hole in it."""
    mask = Mask(box=HOLE, alpha=np.full((HOLE.height, HOLE.width), 255, np.uint8))
    ground = np.random.default_rng(0).integers(0, 255, (HEIGHT, WIDTH + FRAMES), np.uint8)
    colour = np.full((HEIGHT // 2, WIDTH // 2), 128, np.uint8)
    picture = PictureFormat(width=WIDTH, height=HEIGHT, pixel_format="yuv420p")
    for seq in range(FRAMES):
        planes = np.ascontiguousarray(ground[:, seq : seq + WIDTH]), colour, colour
        frame = Frame(seq=seq, pts=seq, duration=1, key=False, format=picture, planes=planes)
        yield MaskedFrame(frame=frame, mask=mask, shot=0, emit=True)

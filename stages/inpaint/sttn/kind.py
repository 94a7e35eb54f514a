"""The engine as the scheduler sees it: how far it looks, what its state weighs, how to start it. Needs no torch."""

from functools import partial
from pathlib import Path
from typing import Final

from stages.inpaint.checkpoint import checkpoint
from stages.inpaint.engine import Engine, EngineKind, EngineOptions, Reach
from stages.inpaint.sttn.region import CELL, most_cells
from stages.inpaint.sttn.stretch import BEHIND, REFERENCES, SPACING, stretch_for
from stages.nets.numbers import number_bytes
from stages.pixels import frame_bytes
from transport.messages import PictureFormat

PARAMETERS: Final = 16_556_163
STRIDE: Final = 4  # pixels of a frame from one place to the next
CHANNELS: Final = 256  # numbers of one place of one frame
PASS: Final = (
    38,
    3,
)  # times one frame's features: what a pass takes, and more for each frame; 86 of 16 frames measured
COLOUR_BYTES: Final = 3 * 4  # of one pixel that was made


def sttn(options: EngineOptions) -> EngineKind:
    """Return the engine as the options want it; ModelError where its weights, or torch, are absent."""
    return EngineKind(
        reach=reach(options.look_ahead),
        state_bytes=partial(state_bytes, options=options),
        start=partial(_start, checkpoint("sttn", "sttn", options), options),
    )


def reach(look_ahead: int, references: int = REFERENCES) -> Reach:
    """Return how far it looks: in a chunk that begins with so much before it, it makes what it would without chunks.

    The first stretch may begin in the lead-in; a reference may have been in the window of a frame before it alone.
    """
    warm_up = references * SPACING + look_ahead + stretch_for(look_ahead) - 1
    return Reach(offsets=tuple(range(-BEHIND, look_ahead + 1)), warm_up=warm_up)


def state_bytes(picture: PictureFormat, options: EngineOptions) -> int:
    """Return what weights, as they are read, and references, the features of all frames and one pass take at most.

    What an allocator keeps beside is not known here: glibc's is seen to keep a third of a pass in f32, little in bf16.
    """
    cells = most_cells(picture.width, picture.height, options.working)
    features = cells * (CELL // STRIDE) ** 2 * CHANNELS * number_bytes(options.device, options.precision)
    made = cells * CELL**2 * COLOUR_BYTES
    frames, pixels = BEHIND + 1 + options.look_ahead + REFERENCES, picture.width * picture.height
    held = REFERENCES * (frame_bytes(picture) + pixels) + stretch_for(options.look_ahead) * made
    return 4 * PARAMETERS + held + (PASS[0] + (1 + PASS[1]) * frames) * features


def _start(path: Path, options: EngineOptions) -> Engine:
    from stages.inpaint.sttn.engine import Sttn
    from stages.inpaint.sttn.model import model

    return Sttn(
        model(str(path), options.device, options.precision),
        look_ahead=options.look_ahead,
        working=options.working,
    )

"""The engine as the scheduler sees it: how far it looks, what its state weighs, how to start it. Needs no torch."""

from functools import partial
from pathlib import Path
from typing import Final

from stages.inpaint.checkpoint import checkpoint, folder_of
from stages.inpaint.engine import Engine, EngineKind, EngineOptions, Reach
from stages.inpaint.vinet.region import largest, longest_for
from stages.nets.numbers import number_bytes
from transport.messages import PictureFormat
from weights.load import has

CHECKPOINTS: Final = {"vinet_512": 512, "vinet_256": 256}  # the better first; pixels of the pictures each learned from
SPAN: Final = 6  # frames to either side
WARM_UP: Final = 15  # frames before a chunk; a seam then differs by far less than a grey level (tests.bench.vinet)

PARAMETERS: Final = 14_115_364
HELD: Final = 2 * SPAN + 1  # frames whose features are kept
FEATURES: Final = {"vinet_512": 6, "vinet_256": 24}  # numbers of a frame's features, for a pixel of it
PASS: Final = {4: 285, 2: 175}  # bytes that a pass takes for each of them, by those of a number: 279 and 167 measured


def vinet(options: EngineOptions) -> EngineKind:
    """Return the engine as the options want it; ModelError where its weights, or torch, are absent."""
    name = _choice(options)
    return EngineKind(
        reach=Reach(offsets=tuple(range(-SPAN, options.look_ahead + 1)), warm_up=WARM_UP),
        state_bytes=partial(state_bytes, name=name, options=options),
        start=partial(_start, checkpoint("vinet", name, options), name, options),
    )


def state_bytes(picture: PictureFormat, name: str, options: EngineOptions) -> int:
    """Return what weights, as they are read, and features, the last answer and one pass take at most."""
    number = number_bytes(options.device, options.precision)
    pixel = FEATURES[name] * (HELD * number + PASS[number]) + 4 * 4
    return 4 * PARAMETERS + largest(picture, longest_for(CHECKPOINTS[name], options.working)) * pixel


def _choice(options: EngineOptions) -> str:
    """Return the better of the checkpoints that are there; the best where there is none, to be missed by name."""
    return next((name for name in CHECKPOINTS if has(name, folder_of(options))), next(iter(CHECKPOINTS)))


def _start(path: Path, name: str, options: EngineOptions) -> Engine:
    from stages.inpaint.vinet.engine import Vinet
    from stages.inpaint.vinet.model import model

    net = model(str(path), name, options.device, options.precision)
    return Vinet(net, look_ahead=options.look_ahead, longest=longest_for(CHECKPOINTS[name], options.working))

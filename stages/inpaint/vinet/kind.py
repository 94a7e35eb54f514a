"""The engine as the scheduler sees it: how far it looks, what its state weighs, how to start it. Needs no torch."""

from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from stages.errors import ModelError
from stages.inpaint.engine import Engine, EngineKind, EngineOptions, Reach
from stages.inpaint.vinet.region import largest, longest_for
from transport.messages import PictureFormat
from weights.load import WeightsError, find, has

CHECKPOINTS: Final = {"vinet_512": 512, "vinet_256": 256}  # the better first; pixels of the pictures each learned from
SPAN: Final = 6  # frames to either side
WARM_UP: Final = 15  # frames before a chunk; a seam then differs by far less than a grey level (tests.bench.vinet)

PARAMETERS: Final = 14_115_364
HELD: Final = 2 * SPAN + 1  # frames whose features are kept
FEATURES: Final = {"vinet_512": 6, "vinet_256": 24}  # numbers of a frame's features, for a pixel of it
PASS: Final = {"vinet_512": 1600, "vinet_256": 6400}  # bytes that one pass takes for a pixel in f32: 1480 measured


def vinet(options: EngineOptions) -> EngineKind:
    """Return the engine as the options want it; ModelError where its weights, or torch, are absent."""
    name = _choice(options)
    checkpoint = _checkpoint(name, options)
    return EngineKind(
        reach=Reach(offsets=tuple(range(-SPAN, options.look_ahead + 1)), warm_up=WARM_UP),
        state_bytes=partial(state_bytes, name=name, working=options.working),
        start=partial(_start, checkpoint, name, options),
    )


def state_bytes(picture: PictureFormat, name: str, working: int) -> int:
    """Return what weights, features, the last answer and one pass take at most, in f32."""
    pixel = HELD * 4 * FEATURES[name] + 4 * 4 + PASS[name]
    return 4 * PARAMETERS + largest(picture, longest_for(CHECKPOINTS[name], working)) * pixel


def _choice(options: EngineOptions) -> str:
    """Return the better of the checkpoints that are there; the best where there is none, to be missed by name."""
    return next((name for name in CHECKPOINTS if has(name, _folder(options))), next(iter(CHECKPOINTS)))


def _checkpoint(name: str, options: EngineOptions) -> Path:
    if find_spec("torch") is None:
        raise ModelError("engine vinet needs torch; pip install 'cleanplate[learned]' brings it")
    try:
        return find(name, _folder(options))
    except WeightsError as error:
        raise ModelError(str(error)) from error


def _folder(options: EngineOptions) -> Path | None:
    return Path(options.weights) if options.weights else None


def _start(checkpoint: Path, name: str, options: EngineOptions) -> Engine:
    from stages.inpaint.vinet.engine import Vinet
    from stages.inpaint.vinet.model import model

    net = model(str(checkpoint), name, options.device, options.precision)
    return Vinet(net, look_ahead=options.look_ahead, longest=longest_for(CHECKPOINTS[name], options.working))

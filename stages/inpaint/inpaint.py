"""The inpaint stage: masked frames of one chunk in, frames with the patches that clean them out."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from stages.inpaint.blur import blur
from stages.inpaint.engine import Engine, EngineKind, Picture
from stages.inpaint.window import windows
from stages.pixels import pack
from transport.messages import CleanFrame, MaskedFrame, Patch


def inpaint(frames: Iterable[MaskedFrame], kind: EngineKind) -> Iterator[CleanFrame]:
    """Yield every frame that is to be emitted, in order, with the patch that fills its hole.

    `frames` are those of one chunk: lead-in, chunk, look-ahead. The lead-in is filled for the engine's state alone, the
    look-ahead never. A frame whose mask is empty is not looked into. Holds the window, beside the engine's state.
    """
    offsets = kind.reach.offsets
    begun = False
    for _, shot in groupby(frames, key=lambda masked: masked.shot):
        engine = kind.start()
        seats = (_Seat(picture=Picture(masked), emit=masked.emit) for masked in shot)
        for window in windows(seats, offsets):
            now = window[offsets.index(0)]
            if begun and not now.emit:
                continue  # look-ahead
            begun = now.emit
            clean = _clean(engine, now.picture, [seat.picture for seat in window])
            if now.emit:
                yield clean


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Seat:
    """A frame in the window."""

    picture: Picture
    emit: bool


def _clean(engine: Engine, now: Picture, window: list[Picture]) -> CleanFrame:
    if now.mask.empty:
        return CleanFrame(frame=now.frame, patch=Patch(seq=now.seq, mask=now.mask, pixels=None))
    pixels = pack(blur(now, engine.fill(window)), now.format)
    return CleanFrame(frame=now.frame, patch=Patch(seq=now.seq, mask=now.mask, pixels=pixels))

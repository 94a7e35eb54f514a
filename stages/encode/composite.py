"""A clean frame in, the picture that it says out."""

from dataclasses import replace

from stages.pixels import blend
from transport.messages import CleanFrame, Frame


def composited(clean: CleanFrame) -> Frame:
    """Return the frame with its patch laid over it."""
    frame, patch = clean.frame, clean.patch
    if patch.pixels is None:
        return frame
    return replace(frame, planes=blend(frame, patch.mask.box, patch.pixels, patch.mask.alpha))

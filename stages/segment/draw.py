"""Frames with their masks in, pictures of the masks out, or the frames with their masks laid over: for encode."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

import cv2
import numpy as np

from stages.pixels import layout
from stages.segment.outline.soften import NOTHING
from stages.segment.spot import SURE, Grey, slices
from stages.segment.view import FULL
from transport.messages import CleanFrame, Mask, MaskedFrame, Packet, Patch, PictureFormat, Plane, StreamInfo

TINT: Final = 110  # of 255: how much of the colour lies over an object
COLOURS: Final = {"yuv": (81, 90, 240), "rgb": (255, 0, 0), "gray": (255,)}  # red, in 8 bits
OUTLINE: Final = 3  # pixels

Drawn = StreamInfo | Packet | CleanFrame


def as_masks(items: Iterable[StreamInfo | Packet | MaskedFrame]) -> Iterator[Drawn]:
    """Yield a grey video of the masks alone, 0 or 255, with the times of the frames; no sound, nothing beside."""
    for item in items:
        if isinstance(item, StreamInfo):
            yield replace(
                item, format=_grey(item.format), codec="ffv1", sides=(), attachments=(), chapters=(), bit_rate=0
            )
        elif isinstance(item, MaskedFrame):
            frame = item.frame
            drawn = replace(frame, format=_grey(frame.format), planes=(_whole(item),))
            yield CleanFrame(frame=drawn, patch=Patch(seq=frame.seq, mask=NOTHING, pixels=None))


def as_overlay(items: Iterable[StreamInfo | Packet | MaskedFrame]) -> Iterator[Drawn]:
    """Yield the video itself, what is masked tinted red and outlined; everything else untouched."""
    for item in items:
        if isinstance(item, MaskedFrame):
            yield CleanFrame(frame=item.frame, patch=_tinted(item))
        else:
            yield item


def _grey(picture: PictureFormat) -> PictureFormat:
    """Return what masks are pictures of: as stored, so that they fit the frames when they are given back."""
    return replace(picture, pixel_format="gray", color_range=FULL, matrix=2, primaries=2, transfer=2, rotation=0)


def _whole(item: MaskedFrame) -> Grey:
    plane = np.zeros((item.frame.format.height, item.frame.format.width), np.uint8)
    plane[slices(item.mask.box)] = _sure(item.mask)
    return plane


def _sure(mask: Mask) -> Grey:
    return np.asarray((mask.alpha >= SURE) * np.uint8(255), np.uint8)


def _tinted(item: MaskedFrame) -> Patch:
    mask, frame = item.mask, item.frame
    if mask.empty:
        return Patch(seq=frame.seq, mask=mask, pixels=None)
    inside = _sure(mask)
    outline = cv2.morphologyEx(inside, cv2.MORPH_GRADIENT, np.ones((OUTLINE, OUTLINE), np.uint8))
    alpha = np.maximum(np.minimum(inside, TINT), outline).astype(np.uint8)
    lay = layout(frame.format.pixel_format)
    colour = np.array(COLOURS[lay.model], np.uint16) << (lay.bits - 8)
    pixels: Plane = np.tile(colour.astype(lay.dtype), (mask.box.height, mask.box.width))
    return Patch(seq=frame.seq, mask=Mask(box=mask.box, alpha=alpha), pixels=pixels)

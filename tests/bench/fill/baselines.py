"""Engines that everything better must beat: Navier-Stokes, the median of the window, the previous frame."""

from collections.abc import Sequence

import cv2
import numpy as np

from stages.inpaint.cells import clean_box, covered, grow
from stages.inpaint.engine import EngineKind, EngineOptions, Picture, Reach
from stages.inpaint.engines import find_engine
from stages.inpaint.telea import GREY, RADIUS, RIM
from stages.pixels import Pixels
from transport.messages import Box


class NavierStokes:
    """Every frame by itself. M. Bertalmio et al., Navier-Stokes, fluid dynamics, and image inpainting, CVPR 2001."""

    def fill(self, window: Sequence[Picture]) -> Pixels:
        """Return the mask's box of the window's only frame, filled."""
        picture = window[0]
        around = grow(picture.mask.box, RIM, picture.format)
        hole, pixels = covered(picture, around), clean_box(picture.frame, around)
        pixels[hole] = GREY
        if not hole.all():
            eight = np.ascontiguousarray(np.rint(pixels).astype(np.uint8))
            pixels = cv2.inpaint(eight, hole.astype(np.uint8), RADIUS, cv2.INPAINT_NS).astype(np.float32)
        return _within(pixels, around, picture.mask.box)


class Median:
    """The median of what the frames of the window show at the same place, and Telea where none shows anything."""

    def __init__(self) -> None:
        self._rest = find_engine("telea").start()

    def fill(self, window: Sequence[Picture]) -> Pixels:
        """Return the mask's box of the frame in the middle."""
        now = window[len(window) // 2]
        box = now.mask.box
        stack = np.stack([clean_box(picture.frame, box) for picture in window])
        stack[np.stack([covered(picture, box) for picture in window])] = np.nan
        unseen = np.isnan(stack[..., 0]).all(axis=0)
        pixels = self._rest.fill([now])
        pixels[~unseen] = np.nanmedian(stack[:, ~unseen], axis=0)
        return pixels


class Previous:
    """What was there in the frame before, filled or seen; Telea in the first."""

    def __init__(self) -> None:
        self._first = find_engine("telea").start()
        self._filled: Pixels | None = None  # of the frame before, if it had a hole

    def fill(self, window: Sequence[Picture]) -> Pixels:
        """Return the mask's box of the second of two frames."""
        before, now = window
        box = now.mask.box
        if before.seq != now.seq - 1:
            self._filled = self._first.fill([now])
            return self._filled
        whole = clean_box(before.frame, Box(x=0, y=0, width=before.format.width, height=before.format.height))
        if not before.mask.empty and self._filled is not None:
            hidden, old = covered(before, before.mask.box), before.mask.box
            whole[old.y : old.y + old.height, old.x : old.x + old.width][hidden] = self._filled[hidden]
        self._filled = whole[box.y : box.y + box.height, box.x : box.x + box.width].copy()
        return self._filled


def _within(pixels: Pixels, around: Box, box: Box) -> Pixels:
    y, x = box.y - around.y, box.x - around.x
    return pixels[y : y + box.height, x : x + box.width]


def navier_stokes(options: EngineOptions) -> EngineKind:
    """Return the engine; it has no options."""
    return EngineKind(reach=Reach(offsets=(0,), warm_up=0), state_bytes=lambda picture: 0, start=NavierStokes)


def median(options: EngineOptions) -> EngineKind:
    """Return the engine, which looks as far back as ahead."""
    ahead = options.look_ahead
    reach = Reach(offsets=tuple(range(-ahead, ahead + 1)), warm_up=0)
    return EngineKind(reach=reach, state_bytes=lambda picture: 0, start=Median)


def previous(options: EngineOptions) -> EngineKind:
    """Return the engine; it has no options."""
    return EngineKind(reach=Reach(offsets=(-1, 0), warm_up=0), state_bytes=lambda picture: 0, start=Previous)

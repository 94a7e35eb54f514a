"""Frames in, frames with masks out: what the prompts point at, found again in every frame."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stages.errors import OptionError
from stages.pixels import luma
from stages.segment.cuts import CutDetector
from stages.segment.follow import BoxFollower
from stages.segment.masks import GivenMasks
from stages.segment.outline.hold import MAX_HOLD, Holder
from stages.segment.outline.soften import NOTHING, soften
from stages.segment.prompts import Prompts, check
from stages.segment.spot import Spot, crop, rectangle, sure, unite
from transport.messages import Box, Frame, Mask, MaskedFrame, Packet, PictureFormat, StreamInfo

log = logging.getLogger(__name__)

MAX_MARGIN = 512  # pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentConfig:
    """How a prompt becomes a mask."""

    dilate: int = 4  # pixels by which the mask is wider than the object: outlines are never exact
    feather: int = 3  # pixels over which it then fades out
    hold: int = 0  # frames that a pixel stays masked after the prompt left it
    cut: float = 0.55  # likeness, 0 to 1, below which a frame begins a new shot; 0: never

    def __post_init__(self) -> None:
        for name, value, top in (
            ("dilate", self.dilate, MAX_MARGIN),
            ("feather", self.feather, MAX_MARGIN),
            ("hold", self.hold, MAX_HOLD),
            ("cut", self.cut, 1),
        ):
            if not 0 <= value <= top:
                raise OptionError(f"{name} is {value}, it must be from 0 to {top}")


def segment(
    items: Iterable[StreamInfo | Packet | Frame], prompts: Prompts, config: SegmentConfig
) -> Iterator[StreamInfo | Packet | MaskedFrame]:
    """Yield every frame with its mask, in place; everything else passes through untouched.

    Frames come out one for one as they come in, nothing waits. PromptError at the first frame that a prompt does
    not fit; all frames before it are out by then.
    """
    finder: _Finder | None = None
    for item in items:
        if isinstance(item, Frame):
            finder = finder or _Finder(item.format, prompts, config)
            yield finder.step(item)
        else:
            yield item
    if finder:
        finder.finish()


class _Finder:
    """Everything that is remembered from frame to frame."""

    def __init__(self, picture: PictureFormat, prompts: Prompts, config: SegmentConfig) -> None:
        fitting = check(prompts, picture)
        self._regions = [rectangle(box) for box in fitting.regions]
        self._followed = [_Followed(box) for box in fitting.boxes]
        self._given = GivenMasks(prompts.mask) if prompts.mask is not None else None
        self._given_path = prompts.mask
        self._cuts = CutDetector(config.cut)
        self._outline = _Outline(picture, config)
        self._shot = 0
        self._next = 0  # the seq to come if nothing is missing

    def step(self, frame: Frame) -> MaskedFrame:
        brightness = luma(frame)
        if self._cuts.step(brightness) or (frame.seq != self._next and self._next):
            self._shot += 1
            self._outline.forget()
        self._next = frame.seq + 1
        mask = self._outline.step(unite(self._spots(frame, brightness)))
        return MaskedFrame(frame=frame, mask=mask, shot=self._shot, emit=True)

    def _spots(self, frame: Frame, brightness: NDArray[np.uint8]) -> list[Spot]:
        boxes = [followed.step(frame.seq, brightness) for followed in self._followed]
        spots = self._regions + [rectangle(box) for box in boxes if box]
        given = crop(self._given.next(frame)) if self._given else None
        return [*spots, given] if given else spots

    def finish(self) -> None:
        if self._given and not self._given.is_used_up():
            log.warning("masks %s go on after the last frame, %d", self._given_path, self._next - 1)


class _Outline:
    """Turns spots into masks; a mask that does not change is made once."""

    def __init__(self, picture: PictureFormat, config: SegmentConfig) -> None:
        self._picture = picture
        self._config = config
        self._holder = Holder(picture, config.hold)
        self._last: tuple[Spot, Mask] | None = None

    def step(self, spot: Spot | None) -> Mask:
        found = self._holder.step(sure(spot))
        if found is None:
            return NOTHING
        if self._last and self._last[0].box == found.box and np.array_equal(self._last[0].values, found.values):
            return self._last[1]
        mask = soften(found, self._picture, dilate=self._config.dilate, feather=self._config.feather)
        self._last = (found, mask)
        return mask

    def forget(self) -> None:
        self._holder.forget()


class _Followed:
    """One box prompt, and whether it is in sight."""

    def __init__(self, box: Box) -> None:
        self._name = f"{box.x},{box.y},{box.width},{box.height}"
        self._first = box
        self._follower: BoxFollower | None = None
        self._in_sight = True

    def step(self, seq: int, brightness: NDArray[np.uint8]) -> Box | None:
        if self._follower is None:
            self._follower = BoxFollower(brightness, self._first)
            return self._first
        box = self._follower.step(brightness)
        if self._in_sight and box is None:
            log.warning("frame %d: box %s is out of sight, nothing is removed until it is seen again", seq, self._name)
        elif not self._in_sight and box:
            log.warning("frame %d: box %s is seen again", seq, self._name)
        self._in_sight = box is not None
        return box

"""Two videos and masks in, one moment after the other out: what must be alike is checked on the way.

Held at any time: a frame of each, beside what their decoders hold.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deploy.quality.pictures import Known, Picture, rgb
from stages.decode.config import DecodeConfig
from stages.decode.decode import decode
from stages.decode.names import STDIN, public_name
from stages.errors import OptionError, PromptError, SourceError
from stages.segment.masks import PICTURES, GivenMasks, read_mask
from stages.segment.spot import SURE
from transport.messages import Frame, StreamInfo

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Moment:
    """One frame of the reference, the same of the output, and what was filled in it."""

    frame: Frame  # of the reference
    reference: Picture
    output: Picture
    hole: Known | None  # (h, w); None without masks


class Pair:
    """A reference and an output that were opened, and fit each other."""

    def __init__(self, reference: str, output: str, mask: str | None) -> None:
        """Open both; SourceError if one cannot be read or the sizes differ."""
        if reference == output == STDIN:
            raise OptionError("reference and output cannot both be standard input, one of them must be a file")
        self._names = public_name(reference), public_name(output)
        self._messages = decode(reference, DecodeConfig()), decode(output, DecodeConfig())
        self.info, other = (_info(messages) for messages in self._messages)
        self._mask = mask
        self._masks: GivenMasks | _OneMask | None = None
        if mask is not None:
            self._masks = _OneMask(mask) if Path(mask).suffix.lower() in PICTURES else GivenMasks(mask)
        sizes = [f"{info.format.width}x{info.format.height}" for info in (self.info, other)]
        if sizes[0] != sizes[1]:
            raise SourceError(
                f"{self._names[0]} is {sizes[0]}, {self._names[1]} is {sizes[1]}: they must be of one size"
            )

    def moments(self) -> Iterator[Moment]:
        """Yield every frame once, in order; SourceError where only one of both goes on, PromptError for the masks."""
        marked = count = 0
        for one, other in zip_longest(*(_frames(messages) for messages in self._messages)):
            if one is None or other is None:
                shorter, longer = self._names if one is None else self._names[::-1]
                raise SourceError(f"{shorter} ends after {count} frames, {longer} goes on: they must be as long")
            hole = self._masks.next(one) >= SURE if self._masks else None
            count, marked = count + 1, marked + (hole is not None and bool(hole.any()))
            yield Moment(frame=one, reference=rgb(one), output=rgb(other), hole=hole)
        if self._masks and not marked:
            raise PromptError(f"mask {self._mask} marks nothing in any of the {count} frames, 128 and more of 255 does")
        if self._masks and not self._masks.is_used_up():
            log.warning("masks %s go on after the last frame, %d", self._mask, count - 1)


class _OneMask:
    """The mask of one picture, for every frame."""

    def __init__(self, path: str) -> None:
        if not Path(path).is_file():
            raise PromptError(f"mask {path} does not exist, a folder of PNGs, a picture or a video is needed")
        self._path = path
        self._mask: NDArray[np.uint8] | None = None

    def next(self, frame: Frame) -> NDArray[np.uint8]:
        """Return it; PromptError if it does not fit the frame."""
        if self._mask is None:
            self._mask = read_mask(self._path, frame.format)
        return self._mask

    def is_used_up(self) -> bool:
        """It never is left over."""
        return True


def _info(messages: Iterator[object]) -> StreamInfo:
    first = next(messages)
    assert isinstance(first, StreamInfo)
    return first


def _frames(messages: Iterator[object]) -> Iterator[Frame]:
    return (message for message in messages if isinstance(message, Frame))

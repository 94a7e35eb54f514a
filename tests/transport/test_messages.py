"""What does not fit together is no message."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from transport.messages import Box, CleanFrame, Frame, Mask, MaskedFrame, Patch, PictureFormat, StreamInfo

PICTURE = PictureFormat(width=4, height=2, pixel_format="gray")
BOX = Box(x=1, y=0, width=2, height=2)
MASK = Mask(box=BOX, alpha=np.full((2, 2), 255, np.uint8))
FRAME = Frame(
    seq=3, pts=30, duration=10, key=True, format=PICTURE, planes=(np.arange(8, dtype=np.uint8).reshape(2, 4),)
)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda: PictureFormat(width=0, height=1, pixel_format=""), "outside 1x1"),
        (lambda: PictureFormat(width=1, height=32768, pixel_format=""), "outside 1x1"),
        (lambda: PictureFormat(width=1, height=1, pixel_format="", matrix=1 << 16), "colours"),
        (lambda: PictureFormat(width=1, height=1, pixel_format="", color_range=-1), "colours"),
        (lambda: PictureFormat(width=1, height=1, pixel_format="", sample_aspect=(1, 0)), "aspect of 1/0"),
        (lambda: frame(seq=-1), "count from 0"),
        (lambda: frame(planes=()), "0 planes"),
        (lambda: frame(planes=FRAME.planes * 5), "5 planes"),
        (lambda: frame(planes=(np.zeros((2, 4), np.float32),)), "float32"),
        (lambda: frame(planes=(np.zeros((2, 4), ">u2"),)), ">u2"),
        (lambda: frame(planes=(np.zeros(8, np.uint8),)), "8 or 16 bit rows"),
        (lambda: frame(planes=(np.zeros((3, 4), np.uint8),)), "does not fit"),
        (lambda: frame(planes=(np.zeros((2, 17), np.uint8),)), "does not fit"),
        (lambda: frame(planes=(np.zeros((2, 0), np.uint8),)), "does not fit"),
        (lambda: Box(x=-1, y=0, width=1, height=1), "negative"),
        (lambda: Box(x=0, y=0, width=1, height=-1), "negative"),
        (lambda: Mask(box=BOX, alpha=np.zeros((2, 3), np.uint8)), "does not fit"),
        (lambda: Mask(box=BOX, alpha=np.zeros((2, 2), bool)), "does not fit"),
        (lambda: MaskedFrame(frame=FRAME, mask=mask(3), shot=0, emit=True), "reaches outside 4x2"),
        (lambda: Patch(seq=-1, mask=MASK, pixels=np.zeros((2, 2), np.uint8)), "count from 0"),
        (lambda: Patch(seq=0, mask=MASK, pixels=None), "exactly where"),
        (lambda: Patch(seq=0, mask=mask(0, 0), pixels=np.zeros((2, 2), np.uint8)), "exactly where"),
        (lambda: Patch(seq=0, mask=MASK, pixels=np.zeros((2, 4), np.uint8)), "do not fit"),
        (lambda: Patch(seq=0, mask=MASK, pixels=np.zeros((2, 2, 3), np.uint8)), "do not fit"),
        (lambda: Patch(seq=0, mask=MASK, pixels=np.zeros((2, 2), np.int16)), "int16"),  # type: ignore[arg-type]
        (lambda: CleanFrame(frame=FRAME, patch=patch(4, MASK)), "cannot take the patch"),
        (lambda: CleanFrame(frame=FRAME, patch=patch(3, mask(3))), "reaches outside 4x2"),
    ],
)
def test_what_does_not_fit_together_is_no_message(wrong: Callable[[], object], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        wrong()


def frame(*, seq: int = 0, planes: tuple[Any, ...] = FRAME.planes) -> Frame:
    return Frame(seq=seq, pts=0, duration=0, key=False, format=PICTURE, planes=planes)


def mask(x: int, width: int = 2) -> Mask:
    return Mask(box=Box(x=x, y=0, width=width, height=2), alpha=np.zeros((2, width), np.uint8))


def patch(seq: int, of: Mask) -> Patch:
    return Patch(seq=seq, mask=of, pixels=np.zeros(of.alpha.shape, np.uint8))


@pytest.mark.parametrize("base", [(0, 0), (1, 0), (-1, 1), (1, -25), (0, 1)])
def test_a_video_without_a_clock_is_no_video(base: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="time base"):
        StreamInfo(
            stream="",
            epoch=0,
            format=PICTURE,
            time_base=base,
            frame_rate=(0, 1),
            codec="",
            container="",
            frames=0,
            bit_rate=0,
            metadata={},
            video_metadata={},
            disposition=0,
            sides=(),
            attachments=(),
            chapters=(),
        )

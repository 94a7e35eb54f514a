"""What a user says is to be kept is taken out of a mask, to the last sample."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.pixels import blend, component, layout, pack
from stages.segment.outline.keep import keep
from stages.segment.outline.soften import soften
from stages.segment.spot import crop, rectangle, sure
from tests.stages.outlines import HEIGHT, WIDTH, disc, picture
from tests.stages.scenes import planes_of, texture
from transport.messages import Box, Frame, Mask


@pytest.mark.parametrize(
    "pixel_format", ["yuv420p", "yuv422p", "yuv444p", "nv12", "yuv410p", "rgb24", "gray", "p010le"]
)
@given(
    x=st.integers(0, 120), y=st.integers(0, 90), width=st.integers(1, 39), height=st.integers(1, 29),
)  # fmt: skip
@settings(max_examples=12)
def test_what_is_kept_stays_bit_for_bit_and_nothing_else_is(pixel_format, x, y, width, height):
    format_ = picture(pixel_format)
    planes = planes_of(texture(WIDTH, HEIGHT), format_)
    frame = Frame(seq=0, pts=0, duration=1, key=True, format=format_, planes=planes)
    mask = soften(sure(crop(disc(80, 60, 50))), format_, dilate=4, feather=3)
    box = Box(x=x, y=y, width=width, height=height)
    kept = keep(mask, [box], format_)
    alpha = np.zeros((HEIGHT, WIDTH), np.uint8)
    if not kept.empty:
        fill = np.zeros((kept.box.height, kept.box.width, len(layout(pixel_format).components)), np.float32)
        new = blend(frame, kept.box, pack(fill, format_), kept.alpha)
        after = Frame(seq=0, pts=0, duration=1, key=True, format=format_, planes=new)
        for letter in layout(pixel_format).components:
            across, down = layout(pixel_format).shift if letter in "UV" else (0, 0)
            rows = slice(y >> down, -(-(y + height) >> down))
            columns = slice(x >> across, -(-(x + width) >> across))
            assert np.array_equal(component(after, letter)[rows, columns], component(frame, letter)[rows, columns])
        alpha[kept.box.y : kept.box.y + kept.box.height, kept.box.x : kept.box.x + kept.box.width] = kept.alpha
    before = np.zeros((HEIGHT, WIDTH), np.uint8)
    before[mask.box.y : mask.box.y + mask.box.height, mask.box.x : mask.box.x + mask.box.width] = mask.alpha
    across, down = layout(pixel_format).grid
    near = np.zeros((HEIGHT, WIDTH), bool)
    near[y // down * down : y + height + down - 1, x // across * across : x + width + across - 1] = True
    assert np.array_equal(alpha[~near], before[~near])


def test_a_mask_that_is_kept_whole_is_empty_and_one_beside_is_the_same():
    mask = soften(rectangle(Box(x=40, y=40, width=20, height=20)), picture(), dilate=2, feather=1)
    assert keep(mask, [Box(x=30, y=30, width=40, height=40)], picture()).empty
    assert keep(mask, [Box(x=100, y=30, width=40, height=40)], picture()) is mask
    assert keep(mask, [], picture()) is mask


def test_a_mask_is_cut_to_what_is_left_of_it_and_the_given_one_does_not_change():
    mask = soften(rectangle(Box(x=40, y=40, width=20, height=20)), picture(), dilate=0, feather=0)
    before = mask.alpha.copy()
    left = keep(mask, [Box(x=0, y=0, width=50, height=HEIGHT)], picture())
    assert isinstance(left, Mask)
    assert left.box == Box(x=50, y=40, width=10, height=20)
    assert np.array_equal(mask.alpha, before)

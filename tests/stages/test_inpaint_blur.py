"""Where an object was lost, a blur of the picture takes the place of the filling."""

from dataclasses import replace

import numpy as np
import pytest

from stages.inpaint.engines import find_engine
from stages.inpaint.inpaint import inpaint
from stages.pixels import read
from transport.messages import Box, Frame, Mask, MaskedFrame, PictureFormat

WIDTH, HEIGHT = 96, 64
HOLE = Box(x=8, y=8, width=72, height=48)
LOST = Box(x=40, y=16, width=24, height=24)


def mask(box):
    return Mask(box=box, alpha=np.full((box.height, box.width), 255, np.uint8))


def noisy(pixel_format="yuv420p"):
    rng = np.random.default_rng(1)
    shapes = [(HEIGHT, WIDTH)] if pixel_format == "gray" else [(HEIGHT, WIDTH)] + [(HEIGHT // 2, WIDTH // 2)] * 2
    planes = tuple(rng.integers(0, 256, shape).astype(np.uint8) for shape in shapes)
    picture = PictureFormat(width=WIDTH, height=HEIGHT, pixel_format=pixel_format)
    frame = Frame(seq=0, pts=0, duration=1, key=True, format=picture, planes=planes)
    return MaskedFrame(frame=frame, mask=mask(HOLE), shot=0, emit=True)


def filled(masked):
    """The filled box, (h, w, C)."""
    [clean] = inpaint([masked], find_engine("blank"))
    assert clean.patch.pixels is not None
    return clean.patch.pixels.reshape(HOLE.height, HOLE.width, -1).astype(int)


@pytest.mark.parametrize("pixel_format", ["yuv420p", "gray"])
def test_what_is_lost_is_blurred_and_the_rest_is_filled(pixel_format):
    masked = noisy(pixel_format)
    plain, with_blur = filled(masked), filled(replace(masked, blurred=mask(LOST)))
    changed = (plain != with_blur).any(axis=2)
    inside = np.zeros_like(changed)
    inside[LOST.y - HOLE.y :, LOST.x - HOLE.x :][: LOST.height, : LOST.width] = True
    assert not changed[~inside].any()
    assert changed[inside].mean() > 0.95


def test_a_blur_keeps_the_tone_and_none_of_the_detail():
    masked = noisy()
    blurred = filled(replace(masked, blurred=mask(LOST)))[8:32, 32:56, 0]
    source = read(masked.frame, LOST)[..., 0]
    assert abs(blurred.mean() - source.mean()) < 3
    assert blurred.std() < source.std() / 3
    assert np.abs(np.diff(blurred, axis=1)).max() < 20  # of noise from 0 to 255


def test_of_what_is_small_no_pixel_is_shown():
    masked, small = noisy(), Box(x=40, y=16, width=4, height=6)
    blurred = filled(replace(masked, blurred=mask(small)))[8:14, 32:36, 0]
    source = read(masked.frame, small)[..., 0]
    assert blurred.std() < source.std() / 3


def test_the_edge_of_a_blur_fades_as_its_mask_does():
    soft = mask(LOST)
    soft.alpha[:, 0] = 0
    masked = noisy()
    assert np.array_equal(filled(replace(masked, blurred=soft))[8:32, 32], filled(masked)[8:32, 32])


def test_a_blur_beside_the_hole_changes_nothing():
    masked = noisy()
    beside = mask(Box(x=88, y=0, width=8, height=8))
    assert np.array_equal(filled(replace(masked, blurred=beside)), filled(masked))

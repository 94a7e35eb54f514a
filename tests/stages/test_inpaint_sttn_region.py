"""Which part of a picture STTN is shown, how large, and that it goes back to where it was."""

import cv2
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stages.inpaint.engine import Picture
from stages.inpaint.region import look, put_back
from stages.inpaint.sttn.region import CELL, TRAINED, cells_for, most_cells, region_for
from tests.stages.scenes import Scene, box, play
from transport.messages import Box, PictureFormat

HD = PictureFormat(width=1920, height=1080, pixel_format="yuv420p")


@st.composite
def holes(draw):
    """A picture, and a hole in it."""
    width, height = draw(st.integers(1, 4096)), draw(st.integers(1, 2304))
    x, y = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
    hole = Box(x=x, y=y, width=draw(st.integers(1, width - x)), height=draw(st.integers(1, height - y)))
    return hole, PictureFormat(width=width, height=height, pixel_format="yuv420p")


@given(given=holes(), working=st.sampled_from([0, 1, 48, 96, 432, 864]))
def test_a_region_holds_the_hole_and_lies_in_the_picture(given, working):
    hole, picture = given
    region = region_for(hole, picture, working)
    assert region.box.x <= hole.x
    assert region.box.y <= hole.y
    assert region.box.x + region.box.width >= hole.x + hole.width
    assert region.box.y + region.box.height >= hole.y + hole.height
    assert region.box.x + region.box.width <= picture.width
    assert region.box.y + region.box.height <= picture.height


@given(given=holes(), working=st.sampled_from([0, 1, 48, 96, 432, 864]))
def test_a_region_is_shown_in_whole_cells_and_no_more_than_the_network_is_to_take(given, working):
    region = region_for(*given, working)
    across, down = region.width // CELL, region.height // CELL
    assert (region.width, region.height) == (CELL * across, CELL * down)
    longest = max(working // CELL, 1) if working else TRAINED[0]
    assert 1 <= max(across, down) <= longest
    assert across * down <= max(TRAINED[0] * TRAINED[1] * longest**2 / TRAINED[0] ** 2, 1)
    assert across * down <= most_cells(given[1].width, given[1].height, working)


@given(given=holes())
def test_a_region_is_drawn_out_no_more_than_its_cells_and_the_picture_make_necessary(given):
    region, picture = region_for(*given), given[1]
    if region.box.width in (picture.width, 0) or region.box.height == picture.height:
        return
    across, down = region.box.width / region.width, region.box.height / region.height
    assert abs(across / down - 1) < 8 / min(region.width, region.height)  # a chroma cell at either end, and rounding
    assert min(across, down) >= 1 - 1e-9


def test_the_trained_size_is_that_of_its_shape_and_other_shapes_cost_no_more():
    assert cells_for(854, 480) == TRAINED
    assert cells_for(1920, 1080) == TRAINED
    assert cells_for(480, 854) == (5, 9)
    assert cells_for(1000, 1000) == (6, 6)
    assert cells_for(100, 40) == (3, 1)
    assert cells_for(1920, 1080, 864) == (18, 10)


def test_a_small_hole_is_shown_as_sharp_as_it_is_and_a_large_one_as_sharp_as_can_be():
    small = region_for(Box(x=900, y=500, width=60, height=50), HD)
    assert (small.box.width, small.box.height) == (small.width, small.height) == (240, 240)
    whole = region_for(Box(x=0, y=0, width=1920, height=1080), HD)
    assert (whole.width, whole.height) == (432, 240)


def test_a_region_stays_while_a_hole_moves_a_little():
    regions = {region_for(Box(x=900 + x, y=500, width=60, height=50), HD) for x in range(120)}
    assert len(regions) < 8


def test_what_is_shown_goes_back_to_where_it_was():
    y, x = np.mgrid[:360, :480]
    waves = np.stack([128 + 50 * np.sin(x / 30) * np.cos(y / 40), 128 + x / 12, 148 - y / 12], axis=-1)
    scene = Scene(background=lambda seq: waves.astype(np.uint8), hole=lambda seq: np.zeros(x.shape, bool), count=1)
    for pixel_format in ("yuv420p", "rgb24", "yuv420p10le"):
        picture = Picture(play(scene, pixel_format=pixel_format)[0])
        part = Box(x=200, y=100, width=90, height=70)
        for hole in (part, Box(x=4, y=0, width=440, height=330)):
            region = region_for(hole, picture.format)
            back = put_back(look(picture, region)[0], region, part, picture.format)
            assert np.abs(back - waves[100:170, 200:290]).max() < 4


def test_a_pixel_that_a_hole_has_any_share_in_is_shown_as_grey():
    scene = Scene(
        background=lambda seq: np.full((480, 640, 3), 30, np.uint8),
        hole=lambda seq: np.pad(box(20, 20, 3, 3), ((0, 432), (0, 576))),
        count=1,
    )
    picture = Picture(play(scene, pixel_format="rgb24")[0])
    region = region_for(Box(x=0, y=0, width=640, height=480), picture.format)
    shown, hole = look(picture, region)
    assert set(np.unique(shown[..., 1].round(4))) == {np.float32(30 / 127.5 - 1).round(4), 0}
    share = cv2.resize(picture.hole.astype(np.float32), (region.width, region.height), interpolation=cv2.INTER_AREA)
    assert (hole == (share > 0)).mean() > 0.999
    assert (shown[hole] == 0).all()

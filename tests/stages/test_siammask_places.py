"""Where SiamMask looks and where its answers lie: squares cut out, outlines laid back, boxes chosen by anchors."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.segment.spot import SURE, slices
from stages.segment.track.anchors import choose
from stages.segment.track.subwindow import LARGEST, Region, cut_out, paste
from tests.parity.siammask.seeded import picture, view


@settings(max_examples=60)
@given(x=st.floats(0, 50), y=st.floats(0, 40), side=st.integers(4, 150), size=st.integers(1, 64))  # a 50x40 picture
def test_a_square_is_cut_out_as_if_the_picture_went_on_in_one_colour(x, y, side, size):
    image, surround = picture(5, 50, 40), (10, 20, 30)
    endless = np.full((640, 650, 3), surround, np.uint8)
    endless[300:340, 300:350] = image
    left, top = (round(centre - (side + 1) / 2) + 300 for centre in (x, y))
    square = np.ascontiguousarray(endless[top : top + side, left : left + side])
    found = cut_out(view(image), Region(x=x, y=y, side=side), size, surround)
    assert np.array_equal(found, cv2.resize(square, (size, size), interpolation=cv2.INTER_LINEAR))


def test_a_square_beyond_all_sizes_is_cut_out_of_a_smaller_picture():
    image = np.zeros((40, 60, 3), np.uint8)
    image[:, 30:] = 255
    found = cut_out(view(image), Region(x=30, y=20, side=100 * LARGEST), 255, (7, 7, 7))
    assert (found == 7).mean() > 0.99
    wide = np.repeat(np.repeat(image, 100, axis=0), 100, axis=1)  # 6000x4000
    found = cut_out(view(wide), Region(x=3000, y=2000, side=8000), 80, (7, 7, 7))
    assert (found[20:60, 10:39] == 0).all()
    assert (found[21:59, 41:69] == 255).all()
    assert (found[:18] == 7).all()


@given(corner=st.tuples(st.floats(-90, 120), st.floats(-90, 120)), scale=st.floats(0.1, 9), seed=st.integers(0, 9))
@settings(max_examples=40)
def test_an_outline_is_laid_back_where_warping_the_whole_picture_lays_it(corner, scale, seed):
    """Within what OpenCV rounds places to, 1/32 of a sample."""
    chances = cv2.resize(picture(seed, 30, 30)[..., 0], (127, 127)).astype(np.float32) / 255
    whole = view(np.zeros((70, 90, 3), np.uint8))
    spot = paste(chances, corner, scale, 0.35, whole)
    drawn = [
        (scale * (side - 1) / side, start * (side - 1) / side) for start, side in zip(corner, (90, 70), strict=True)
    ]
    mapping = np.array([[drawn[0][0], 0, drawn[0][1]], [0, drawn[1][0], drawn[1][1]]])
    expected = cv2.warpAffine(chances, mapping, (90, 70), borderValue=-1)
    found = np.zeros((70, 90), np.uint8)
    if spot is not None:
        found[slices(spot.box)] = spot.values
    assert (found >= SURE)[expected > 0.42].all()
    assert not (found >= SURE)[expected < 0.28].any()


def test_the_best_box_is_sized_and_placed_by_its_anchor():
    """Anchors as published: 104x32, 88x40, 64x64, 40x80, 32x96; score of one place high above all others."""
    for anchor, (width, height) in enumerate([(104, 32), (88, 40), (64, 64), (40, 80), (32, 96)]):
        scores, boxes = np.zeros((2, 10, 25, 25), np.float32), np.zeros((2, 20, 25, 25), np.float32)
        scores[1, 5 + anchor, 14, 9] = 5
        boxes[1, [anchor, 5 + anchor, 10 + anchor, 15 + anchor], 14, 9] = (0.25, -0.5, np.log(2), np.log(0.5))
        best = choose(scores, boxes, (2 * width, height / 2), 0.0)
        assert (best.kernel, best.row, best.column) == (1, 14, 9)
        assert (best.width, best.height) == pytest.approx((2 * width, height / 2), rel=1e-6)
        assert (best.x, best.y) == pytest.approx((-3 * 8 + width / 4, 2 * 8 - height / 2))
        assert best.score == pytest.approx(1 / (1 + np.exp(-5)))
        assert best.rate == pytest.approx(best.score)  # of the last size and shape: nothing is taken off


def test_boxes_that_change_and_boxes_far_off_are_less_likely():
    scores, boxes = np.zeros((1, 10, 25, 25), np.float32), np.zeros((1, 20, 25, 25), np.float32)
    scores[0, [5, 7], 12, 12] = 3, 2.9
    assert choose(scores, boxes, (64, 64), 0.0).width == 64
    assert choose(scores, boxes, (104, 32), 0.0).width == 104
    scores[0, 7, 1, 1] = 5
    assert choose(scores, boxes, (64, 64), 0.0).row == 1
    assert choose(scores, boxes, (64, 64), 0.4).row == 12

"""Warping error: what moves with the scene does not flicker, what changes in place does, by as much as it changes."""

import cv2
import numpy as np
import pytest

from deploy.quality.flicker import SMALLEST, Motion, Motions, arrives_in, motion_of, warping_errors
from deploy.quality.score import Scorer

SIZE = (96, 128)


def scene(shift, seed=5):
    """Return a picture of a texture that has moved to the right by whole pixels."""
    wide = np.random.default_rng(seed).integers(0, 256, (SIZE[0], SIZE[1] + 64, 3)).astype(np.float32)
    smooth = cv2.GaussianBlur(wide, (0, 0), 2.5)
    stretched = np.clip((smooth - 127) * 4 + 127, 0, 255).astype(np.uint8)
    return stretched[:, 32 - shift : 32 - shift + SIZE[1]]


def motion_between(earlier, later):
    motions = Motions()
    assert motions.step(earlier) is None
    return motions.step(later)


def shifted_by(dx, dy=0):
    y, x = np.mgrid[: SIZE[0], : SIZE[1]].astype(np.float32)
    return Motion(there=np.dstack([x + dx, y + dy]), seen=np.ones(SIZE, bool))


def test_what_moves_with_the_scene_does_not_flicker():
    earlier, later = scene(0), scene(3)
    motion = motion_between(earlier, later)
    moved = warping_errors(earlier, later, motion)[motion.seen].mean()
    still = warping_errors(earlier, later, shifted_by(0)).mean()
    assert moved < 0.02 * still  # flow is found to a fraction of a pixel


def test_a_change_in_place_counts_as_its_square():
    earlier = np.full((*SIZE, 3), 100, np.uint8)
    errors = warping_errors(earlier, earlier + 51, shifted_by(0))
    assert errors == pytest.approx(np.full(SIZE, 0.04), rel=1e-5)  # 51 of 255 is a fifth


def test_what_leaves_the_picture_is_not_counted():
    motion = motion_between(scene(0), scene(8))
    assert not motion.seen[:, -8:].any()
    assert motion.seen[:, 16:-24].mean() > 0.95


def test_what_is_hidden_is_not_counted():
    """A patch moves by 24 pixels; the background that it comes to stand on is at rest, and so is what it leaves."""
    forward, backward = np.zeros((*SIZE, 2), np.float32), np.zeros((*SIZE, 2), np.float32)
    forward[30:60, 20:50, 0], backward[30:60, 44:74, 0] = 24, -24
    seen = motion_of(forward, backward).seen
    assert seen[30:60, 20:50].all()
    assert not seen[30:60, 50:74].any()
    seen[30:60, 50:74] = True
    assert seen.all()


def test_too_small_a_picture_has_no_motion():
    tiny = np.zeros((SMALLEST - 1, 40, 3), np.uint8)
    assert motion_between(tiny, tiny) is None


def test_pixels_that_move_into_the_hole_are_known():
    hole = np.zeros(SIZE, bool)
    hole[40:50, 60:70] = True
    arriving = arrives_in(hole, shifted_by(20))
    assert arriving[40:50, 40:50].all()
    assert arriving.sum() == 100


def test_a_fill_that_flickers_shows_in_the_hole_and_not_in_the_ring():
    hole = np.zeros(SIZE, bool)
    hole[40:60, 50:80] = True
    motions, scorer = Motions(), Scorer()
    for i in range(4):
        reference = scene(2 * i)
        output = reference.copy()
        output[hole] = 60 if i % 2 else 160
        scorer.add(reference, output, hole, motions.step(reference))
    flicker = scorer.clip().flicker
    assert flicker.hole is not None
    assert flicker.ring is not None
    assert flicker.hole > 0.5 * (100 / 255) ** 2  # at its rim pixels move into and out of the hole
    assert flicker.ring < 1e-3 * flicker.hole  # although the scene moves through the hole


def test_the_hole_is_where_it_was_in_the_earlier_frame():
    """It jumps; what was filled in the first frame is compared with what is seen there in the second."""
    earlier, later = np.full((2, *SIZE, 3), 100, np.uint8)
    before, now = np.zeros((2, *SIZE), bool)
    before[10:30, 10:30] = now[60:80, 90:110] = True
    earlier[before] = 151
    scorer = Scorer()
    scorer.add(earlier, earlier, before)
    assert scorer.add(later, later, now, shifted_by(0)).flicker.hole == pytest.approx(0.04)

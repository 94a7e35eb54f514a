"""Gradients: known slopes have known gradients, and the areas leave out what lies on both sides of the seam."""

import numpy as np
import pytest

from deploy.quality.areas import RING, areas
from deploy.quality.sharpness import gradients, mean_within


def hole_of(y, x, height, width, size=(60, 80)):
    hole = np.zeros(size, bool)
    hole[y : y + height, x : x + width] = True
    return hole


def grey(values):
    return np.repeat(values.astype(np.uint8)[..., None], 3, axis=2)


def test_a_slope_has_its_steepness():
    y, x = np.mgrid[:20, :20]
    assert gradients(grey(3 * x + 4 * y))[:-1, :-1] == pytest.approx(np.full((19, 19), 5.0))


def test_the_finest_detail_is_seen():
    """A wider kernel, such as Sobel's, finds no gradient at all in stripes of one pixel."""
    stripes = grey(np.indices((20, 20))[1] % 2 * 100)
    assert gradients(stripes)[:, :-1].min() == 100


def test_the_step_at_the_seam_belongs_to_neither_side():
    hole = hole_of(20, 30, 12, 16)
    picture = grey(np.where(hole, 200, 50))
    area, steep = areas(hole), gradients(picture)
    assert steep.max() > 100
    assert mean_within(steep, area.core) == 0
    assert mean_within(steep, area.ring) == 0


def test_the_ring_is_as_wide_as_it_says():
    hole = hole_of(20, 30, 12, 16)
    ring = areas(hole).ring
    assert not (ring & hole).any()
    assert np.flatnonzero(ring[25])[[0, -1]].tolist() == [30 - RING, 45 + RING]


def test_a_picture_that_is_all_hole_has_no_ring():
    area = areas(np.ones((20, 20), bool))
    assert mean_within(gradients(grey(np.zeros((20, 20)))), area.ring) is None

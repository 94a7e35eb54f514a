"""The cut of a grid, against every cut there is."""

from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from stages.segment.track.propagate.maxflow import STEPS, Floats, min_cut


def cost(lean: Floats, ties: Floats, inside: np.ndarray) -> float:
    """What a cut costs, by its definition."""
    height, width = lean.shape
    total = float(np.where(inside, np.maximum(-lean, 0), np.maximum(lean, 0)).sum())
    for tie, (x, y) in zip(ties, STEPS, strict=True):
        for row, column in product(range(height - y), range(max(-x, 0), width - max(x, 0))):
            total += float(tie[row, column]) * (inside[row, column] != inside[row + y, column + x])
    return total


@st.composite
def grids(draw: st.DrawFn) -> tuple[Floats, Floats]:
    shape = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    leans = draw(arrays(np.float32, shape, elements=st.integers(-9, 9).map(float)))
    return leans, draw(arrays(np.float32, (4, *shape), elements=st.integers(0, 9).map(float)))


@settings(max_examples=60)
@given(grids())
def test_no_cut_is_cheaper(grid: tuple[Floats, Floats]) -> None:
    lean, ties = grid
    every = (np.array(bits, bool).reshape(lean.shape) for bits in product((False, True), repeat=lean.size))
    assert cost(lean, ties, min_cut(lean, ties)) == min(cost(lean, ties, inside) for inside in every)


def test_ties_carry_a_decision_to_where_nothing_is_known() -> None:
    lean = np.zeros((9, 9), np.float32)
    lean[0, 0], lean[8, 8] = 50, -50
    ties = np.full((4, 9, 9), 10, np.float32)
    ties[0, :, 4] = ties[2, :, 4] = ties[3, :, 5] = 0.1  # a seam between columns 4 and 5
    assert (min_cut(lean, ties) == (np.arange(9) <= 4)).all()


def test_a_speck_gives_way_to_its_surroundings() -> None:
    lean = np.full((9, 9), -3, np.float32)
    lean[4, 4] = 5
    assert not min_cut(lean, np.full((4, 9, 9), 1, np.float32)).any()
    assert min_cut(lean, np.full((4, 9, 9), 0.1, np.float32)).sum() == 1

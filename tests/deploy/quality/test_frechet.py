"""The Frechet distance, against forms that can be written down."""

import numpy as np
import pytest

from deploy.quality.frechet import frechet


def spread(deviations, mean, seed=0):
    """Return vectors whose sample covariance is diagonal, with exactly these deviations, around exactly this mean."""
    raw = np.random.default_rng(seed).normal(size=(40, len(deviations)))
    raw -= raw.mean(axis=0)
    white = np.linalg.qr(raw)[0] * np.sqrt(len(raw) - 1)
    return white * deviations + mean


def test_of_equal_sets_it_is_nothing():
    vectors = np.random.default_rng(1).normal(size=(12, 50))
    assert frechet(vectors, vectors) == pytest.approx(0, abs=1e-9)


def test_of_diagonal_covariances_it_is_the_sum_of_squared_differences():
    """|m1 - m2|^2 + sum of (s1 - s2)^2, as roots of diagonal matrices are those of their entries."""
    one, other = spread([1, 2, 3], [0, 0, 0]), spread([2, 2, 5], [1, 0, -2], seed=9)
    assert frechet(one, other) == pytest.approx((1 + 4) + (1 + 0 + 4))


def test_it_is_that_of_the_matrix_root_where_covariances_are_regular():
    generator = np.random.default_rng(4)
    one, other = generator.normal(size=(30, 4)), generator.normal(size=(25, 4)) @ generator.normal(size=(4, 4)) + 1
    first, second = (np.cov(vectors, rowvar=False) for vectors in (one, other))
    root = np.sqrt(np.linalg.eigvals(first @ second).real).sum()  # the trace of the root of their product
    away = np.square(one.mean(axis=0) - other.mean(axis=0)).sum()
    assert frechet(one, other) == pytest.approx(away + np.trace(first) + np.trace(second) - 2 * root)


def test_of_single_vectors_it_is_their_squared_distance():
    assert frechet(np.array([[1.0, 2]]), np.array([[4.0, 6]])) == pytest.approx(25)

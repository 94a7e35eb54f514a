"""Two sets of vectors in, the Frechet distance of the normal distributions that fit them out."""

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float64]  # (n, d)


def frechet(one: Vectors, other: Vectors) -> float:
    """Return |m1 - m2|^2 + tr(C1 + C2 - 2 sqrt(C1 C2)) of means m and sample covariances C.

    D. Dowson and B. Landau, The Frechet distance between multivariate normal distributions, Journal of Multivariate
    Analysis 12, 1982. A single vector has no spread: of two such it is the squared distance.

    Covariances of few long vectors are singular, and the root of their product is a matter of luck. But with
    C1 = A'A and C2 = B'B, A and B the centred vectors, the trace of the root is the sum of the singular values of AB',
    which is small and needs no root.
    """
    means = one.mean(axis=0), other.mean(axis=0)
    a, b = _centred(one), _centred(other)
    root = float(np.linalg.svd(a @ b.T, compute_uv=False).sum())
    return float(np.square(means[0] - means[1]).sum() + np.square(a).sum() + np.square(b).sum() - 2 * root)


def _centred(vectors: Vectors) -> Vectors:
    """Return A with A'A the sample covariance."""
    away: Vectors = (vectors - vectors.mean(axis=0)) / np.sqrt(max(len(vectors) - 1, 1))
    return away

"""The sums and the solution of a ridge regression, in loops on one thread.

The linear algebra that comes with numpy starts threads for matrices as small as these: on a busy machine that was
measured to take four times as long, and its sums then depend on how many cores there are.
"""

import numpy as np
from numpy.typing import NDArray

from stages.compiled import compiled

Floats = NDArray[np.float32]

TOGETHER = 4  # rows: fewer trips to memory


@compiled
def add_products(rows: Floats, products: Floats) -> None:
    """Add rows' products with themselves, transposed (n, count) times (n, count), to the lower half of `products`.

    n is a multiple of TOGETHER.
    """
    for i in range(0, len(rows), TOGETHER):
        for j in range(rows.shape[1]):
            a, b, c, d = rows[i, j], rows[i + 1, j], rows[i + 2, j], rows[i + 3, j]
            for k in range(j + 1):
                products[j, k] += a * rows[i, k] + b * rows[i + 1, k] + c * rows[i + 2, k] + d * rows[i + 3, k]


@compiled
def solve(products: Floats, stiff: float, answers: Floats, weights: Floats) -> None:
    """Write the weights with (products + stiff * identity) times weights = answers; only the lower half is read.

    By Cholesky's factors, of which a sum of products plus something always has some.
    """
    count = len(answers)
    factor = np.zeros((count, count), np.float32)
    for j in range(count):
        for k in range(j):
            factor[j, k] = (products[j, k] - _dot(factor[j], factor[k], k)) / factor[k, k]
        factor[j, j] = np.sqrt(max(products[j, j] + stiff - _dot(factor[j], factor[j], j), stiff))
        weights[j] = (answers[j] - _dot(factor[j], weights, j)) / factor[j, j]
    for j in range(count - 1, -1, -1):
        weights[j] /= factor[j, j]
        for k in range(j):
            weights[k] -= factor[j, k] * weights[j]


@compiled
def _dot(one: Floats, other: Floats, count: int) -> np.float32:
    total = np.float32(0)
    for i in range(count):
        total += one[i] * other[i]
    return total

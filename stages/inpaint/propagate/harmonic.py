"""A field known in some places in, the smoothest field that agrees with it out."""

import numpy as np

from stages.inpaint.propagate.images import Floats, Known, convolved, enlarged, over, reduced

_CROSS = np.array([[0, 0.25, 0], [0.25, 0, 0.25], [0, 0.25, 0]], np.float32)


def extend(values: Floats, known: Known, sweeps: int = 2) -> Floats:
    """Return (h, w, C) values with the unknown ones interpolated; all zero when nothing is known.

    Coarse to fine, with a few Jacobi sweeps of Laplace's equation at every level.
    """
    if known.all():
        return values
    if not known.any():
        return np.zeros_like(values)
    height, width = known.shape
    half = ((width + 1) // 2, (height + 1) // 2)
    weight = known.astype(np.float32)
    sums, weights = reduced(values * weight[..., None], half), reduced(weight, half)
    coarse = extend(over(sums, weights), weights > 0, sweeps)
    unknown = ~known[..., None]
    filled = np.where(unknown, enlarged(coarse, (width, height)), values)
    for _ in range(sweeps):
        np.copyto(filled, convolved(filled, _CROSS), where=unknown)
    return filled

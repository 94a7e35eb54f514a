"""Numbers of every pixel in, how much likelier each is on the object than beside it out: smoothed histograms."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stages.segment.point.area import Map

UNSEEN = 1e-4  # the probability of a bin that nothing fell into
MOST = 4.0  # of a log ratio: a single cue is never certain

Codes = NDArray[np.intp]  # (h, w), the bin along one axis
Table = NDArray[np.float64]


def binned(values: Map, low: float, high: float, count: int) -> Codes:
    """Return into which of `count` bins from low to high each value falls, the outermost open to the outside."""
    codes: Codes = np.clip((values - low) * (count / (high - low)), 0, count - 1).astype(np.intp)
    return codes


class Histogram:
    """How often each combination of numbers occurs; counts anew every time it is asked."""

    def __init__(self, codes: Sequence[Codes], counts: Sequence[int], smoothings: int) -> None:
        """Take the bin along each axis and how many there are, and how often neighbouring bins are averaged."""
        self._shape = codes[0].shape
        self._counts, self._smoothings = tuple(counts), smoothings
        self._bins = np.ravel_multi_index(tuple(codes), self._counts).ravel()

    def log_ratio(self, on: Map, beside: Map) -> Map:
        """Return log p(numbers | on) / p(numbers | beside) of every pixel; both are weights of the pixels."""
        if on.sum() < 1 or beside.sum() < 1:
            return np.zeros(self._shape, np.float32)  # of nothing, nothing is known
        table = np.log(self.likelihood(on) + UNSEEN) - np.log(self.likelihood(beside) + UNSEEN)
        ratio: Map = np.clip(table, -MOST, MOST)[self._bins].reshape(self._shape).astype(np.float32)
        return ratio

    def overlap(self, on: Map, beside: Map) -> float:
        """Return the Bhattacharyya coefficient: 1 where both look the same, 0 where they share nothing."""
        return float(np.sqrt(self.likelihood(on) * self.likelihood(beside)).sum())

    def likelihood(self, weights: Map) -> Table:
        """Return the share of every bin, all together 1, or 0 where nothing weighs anything."""
        counted = np.bincount(self._bins, weights.ravel(), int(np.prod(self._counts)))
        table: Table = counted.astype(np.float64).reshape(self._counts)
        for axis in range(table.ndim):
            for _ in range(self._smoothings):
                table = _averaged(table, axis)
        return (table / max(float(table.sum()), 1e-9)).ravel()


def _averaged(table: Table, axis: int) -> Table:
    """Weigh each bin with its two neighbours, 1 2 1; the last is its own neighbour."""
    first = np.moveaxis(table, axis, 0)
    summed = 2 * first
    summed[1:] += first[:-1]
    summed[:-1] += first[1:]
    summed[0] += first[0]
    summed[-1] += first[-1]
    return np.moveaxis(summed / 4, 0, axis)

"""What an object and its surroundings looked like in the past in, how much each pixel now looks like the object out."""

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.segment.spot import SURE, Grey
from stages.segment.view import Colours

Scores = NDArray[np.float32]  # (h, w) log-odds, more than 0 is the object
Counts = NDArray[np.float32]  # (2, BINS ** 3) object and surroundings

BINS = 32  # of every channel
RENEW = 0.15  # share of the newest patch in the recent counts
DOUBT = 1e-5  # share of the pixels that a colour must have to say anything


class Appearance:
    """Remembers the first look of an object, what the user corrected, and the recent past; all of fixed size."""

    def __init__(self) -> None:
        self._kept: Counts | None = None
        self._recent: Counts | None = None

    def learn(self, patch: Colours, values: Grey, *, keep: bool = False) -> None:
        """Take in an (h, w, 3) patch and the (h, w) object in it, 128 and more; `keep` is never forgotten."""
        counts = _count(patch, values >= SURE)
        if keep:
            self._kept = counts if self._kept is None else np.asarray((self._kept + counts) / 2, np.float32)
        old = counts if self._recent is None else self._recent
        self._recent = np.asarray(old + np.float32(RENEW) * (counts - old), np.float32)

    def score(self, patch: Colours, prior: Grey) -> Scores:
        """Return the (h, w) log-odds that pixels are the object's; all 0 before anything was learned."""
        if self._recent is None:
            return np.zeros(prior.shape, np.float32)
        counts = self._recent if self._kept is None else (self._kept + self._recent) / 2
        odds: Scores = np.log((counts[0] + DOUBT) / (counts[1] + DOUBT)).astype(np.float32)
        return odds[_bins(patch)]


def _bins(patch: Colours) -> NDArray[np.int32]:
    lab = cv2.cvtColor(patch, cv2.COLOR_BGR2LAB).astype(np.int32)
    light = lab[..., 0] * BINS >> 8
    # Colours fill the middle of the a and b axes only.
    a, b = (np.clip((lab[..., k] - 128) * BINS // 128 + BINS // 2, 0, BINS - 1) for k in (1, 2))
    return (light * BINS + a) * BINS + b


def _count(patch: Colours, inside: NDArray[np.bool_]) -> Counts:
    bins = _bins(patch).ravel()
    counts = []
    for chosen in (inside, ~inside):
        cells = np.bincount(bins, chosen.ravel(), BINS**3).astype(np.float32).reshape(BINS, BINS, BINS)
        for _ in range(3):  # a colour speaks for those beside it; the last axis becomes the first
            soft = cv2.GaussianBlur(cells.reshape(BINS, -1), (1, 5), sigmaX=0.1, sigmaY=0.8)
            cells = np.ascontiguousarray(np.moveaxis(soft.reshape(BINS, BINS, BINS), 0, 2), np.float32)
        counts.append(cells.ravel() / max(1.0, float(cells.sum())))
    return np.stack(counts).astype(np.float32)

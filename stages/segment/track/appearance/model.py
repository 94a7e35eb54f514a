"""What an object and its surroundings looked like in the past in, how much each pixel now looks like the object out.

A ridge regression of object (1) and surroundings (-1) on random Fourier features, that is a kernel machine of fixed
size: what is remembered of any number of frames is two sums of products, however long the video is.
"""

from collections import deque
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.segment.spot import SURE, Grey
from stages.segment.track.appearance.features import Features, features, place
from stages.segment.track.appearance.looks import Look, look
from stages.segment.track.appearance.ridge import add_products, solve
from stages.segment.track.appearance.waves import lift, waves, weigh
from stages.segment.view import Colours

Scores = NDArray[np.float32]  # (h, w) log-odds, more than 0 is the object
Floats = NDArray[np.float32]
Known = NDArray[np.bool_]

COUNT = 192  # waves; one more is always 1
REACH = (0.8, 3.0)  # widths of the kernel
SAMPLES = 1200  # pixels that are learned from a patch; a multiple of ridge.TOGETHER, as the next
KEPT_SAMPLES = 6000  # pixels that are learned from one that is never forgotten
NEAR = 12  # pixels from the outline: what is told apart there is told apart best
FAR_SHARE = 0.05  # weight of pixels beyond
UNSURE = 1.0  # pixels from the outline that may be either
RENEW = 0.28  # share of the newest patch in what is remembered of the recent past
KEPT_SHARE = 0.4  # of the first patch and corrections in the whole
STIFF = 2e-3  # ridge
KEPT_LOOKS = 3  # the first, and the newest corrections
RECENT_LOOKS = 3
LOOK_EVERY = 8  # patches
ODDS = 4.0  # log-odds of what is learned to be the object for certain


class _Sums(NamedTuple):
    products: Floats  # (COUNT + 1, COUNT + 1) mean of waves times waves, the lower half
    answers: Floats  # (COUNT + 1,) mean of waves times 1 or -1

    def toward(self, other: "_Sums", share: float) -> "_Sums":
        """Return a mixture of both with so much of the other."""
        return _Sums(*(old + np.float32(share) * (new - old) for old, new in zip(self, other, strict=True)))


class Appearance:
    """Remembers the first look of an object, what the user corrected, and the recent past; all of fixed size."""

    def __init__(self) -> None:
        self._waves = waves(COUNT, REACH, 0)
        self._kept: _Sums | None = None
        self._recent: _Sums | None = None
        self._weights: Floats | None = None  # (COUNT + 1,); None until they are asked for
        self._first: list[Look] = []  # at most one
        self._corrected: deque[Look] = deque(maxlen=KEPT_LOOKS - 1)
        self._latest: deque[Look] = deque(maxlen=RECENT_LOOKS)
        self._learned = 0  # patches since a look was taken

    @property
    def looks(self) -> list[Look]:
        """What the object looked like: first, when corrected, lately."""
        return [*self._first, *self._corrected, *self._latest]

    def learn(self, patch: Colours, values: Grey, *, doubted: Known | None = None, keep: bool = False) -> None:
        """Take in an (h, w, 3) patch and the (h, w) object in it, 128 and more; `keep` is never forgotten.

        Of the pixels that are `doubted`, (h, w), nothing is learned.
        """
        where = place(values)
        if where is None or (doubted is not None and doubted.all()):
            return
        chosen, inside = _choose(values, doubted, KEPT_SAMPLES if keep else SAMPLES)
        sums = self._sum(features(patch, where)[chosen], inside)
        if keep:
            self._kept = self._kept.toward(sums, 0.5) if self._kept else sums
        self._recent = self._recent.toward(sums, RENEW) if self._recent else sums
        self._weights = None
        self._remember(patch, values, keep=keep)

    def score(self, patch: Colours, prior: Grey) -> Scores:
        """Return the (h, w) log-odds that pixels are the object's; all 0 before anything was learned."""
        scores = np.zeros(prior.shape, np.float32)
        where = place(prior)
        if where is None or self._recent is None:
            return scores
        if self._weights is None:
            self._weights = self._solve(self._recent)
        weigh(features(patch, where), *self._waves, self._weights, scores.reshape(-1))
        return scores * np.float32(ODDS)

    def _remember(self, patch: Colours, values: Grey, *, keep: bool) -> None:
        self._learned += 1
        if not keep and self._learned < LOOK_EVERY:
            return
        if new := look(patch, values):
            shelf = self._latest if not keep else self._corrected if self._first else self._first
            shelf.append(new)
            self._learned = 0

    def _sum(self, known: Features, inside: Known) -> _Sums:
        lifted = np.ones((len(known), COUNT + 1), np.float32)
        lift(known, *self._waves, lifted)
        products = np.zeros((COUNT + 1, COUNT + 1), np.float32)
        add_products(lifted, products)
        answers = lifted[inside].sum(axis=0) - lifted[~inside].sum(axis=0)
        return _Sums(products / np.float32(len(known)), answers / np.float32(len(known)))

    def _solve(self, recent: _Sums) -> Floats:
        sums = recent.toward(self._kept, KEPT_SHARE) if self._kept else recent
        weights = np.empty(COUNT + 1, np.float32)
        solve(sums.products, STIFF, sums.answers, weights)
        return weights


def _choose(values: Grey, doubted: Known | None, count: int) -> tuple[NDArray[np.intp], Known]:
    """Return the indices of so many pixels, half of them the object's as far as there are both, and which are."""
    inside = (values >= SURE).ravel()
    away = np.abs(_depth(values)).ravel()
    weight = np.where(away < NEAR, 1.0, FAR_SHARE) * (away > UNSURE)
    if doubted is not None:
        weight[doubted.ravel()] = 0
    for side in (inside, ~inside):
        weight[side] /= max(weight[side].sum(), 1e-9)
    reached = np.cumsum(weight)
    # Evenly along the rows, so that every part of the patch is heard.
    asked = (np.arange(count) + 0.5) * (reached[-1] / count)
    chosen = np.minimum(np.searchsorted(reached, asked), len(reached) - 1)
    return chosen, inside[chosen]


def _depth(values: Grey) -> Floats:
    """Return how far every pixel is from the outline, less than 0 outside."""
    inside = (values >= SURE).view(np.uint8)
    within = cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_3)
    beyond = cv2.distanceTransform(1 - inside, cv2.DIST_L2, cv2.DIST_MASK_3)
    return within - beyond

"""A spot of several objects in, the parts of it that stand apart out; and a few out of many."""

from collections.abc import Sequence

import cv2
import numpy as np

from stages.segment.spot import Spot, tight, unite
from transport.messages import PictureFormat

MOST = 8  # objects that are told apart
APART = 0.03  # of the picture's longer side: what is nearer, pieces of one object are


def parts(spot: Spot | None, picture: PictureFormat) -> list[Spot]:
    """Return what a spot, 0 and 255, is made of, the largest first; if that is too many, the last is all the rest."""
    if spot is None:
        return []
    side = round(APART * max(picture.width, picture.height)) // 2 * 2 + 1
    near = cv2.dilate(spot.values, np.ones((side, side), np.uint8))
    count, labels = cv2.connectedComponents(near, connectivity=8)
    if count == 2:
        return [spot]
    labels[spot.values == 0] = 0
    order = np.argsort(-np.bincount(labels.ravel(), minlength=count)[1:], kind="stable")
    rank = np.zeros(count, np.int32)
    rank[order + 1] = np.minimum(np.arange(count - 1), MOST - 1) + 1
    ranks = rank[labels]
    return [part for i in range(min(count - 1, MOST)) if (part := tight(ranks == i + 1, spot.box))]


def few(spots: Sequence[Spot]) -> list[Spot]:
    """Return the spots, the largest first; if they are too many, the last is all the rest."""
    ordered = sorted(spots, key=lambda spot: np.count_nonzero(spot.values), reverse=True)
    rest = unite(ordered[MOST - 1 :])
    return ordered[: MOST - 1] + ([rest] if rest else [])

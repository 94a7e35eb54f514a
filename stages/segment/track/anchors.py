"""What a region proposal network answers about a search in, the box that is most likely the object's out.

B. Li et al., High performance visual tracking with siamese region proposal network, CVPR 2018, section 4.3.
"""

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float32]
Sides = NDArray[np.float64]  # pixels of a side, of many boxes

STRIDE: Final = 8  # pixels of the search from one place to the next
RATIOS: Final = (0.33, 0.5, 1.0, 2.0, 3.0)  # height by width
SCALE: Final = 8  # a square anchor's side in strides
PENALTY: Final = 0.04  # for a box of another size and shape than the last; that of SiamMask for DAVIS
LARGEST: Final = 5.0  # a box is at most e to this times its anchor: a network that errs must not give infinity


@dataclass(frozen=True, slots=True, kw_only=True)
class Best:
    """A box of the answer, in pixels of the search."""

    score: float  # 0 to 1, that it is the object
    rate: float  # 0 to 1, by how much the last box gives way to this one
    x: float  # of its centre, from the search's
    y: float
    width: float
    height: float
    kernel: int  # which of the kernels found it
    row: int  # its place in the answer
    column: int


def choose(scores: Numbers, boxes: Numbers, last: tuple[float, float], influence: float) -> Best:
    """Return the best of (T, 10, S, S) scores and (T, 20, S, S) boxes; what is no finite number scores 0.

    `last` is the last box's width and height in pixels of the search, `influence` the weight of being in the middle.
    """
    kernels, places = len(scores), scores.shape[-1]
    no, yes = scores.reshape(kernels, 2, len(RATIOS), places, places).swapaxes(0, 1)  # each (T, 5, S, S)
    score = 1 / (1 + np.exp(np.clip(no - yes, -80, 80)))
    x, y, width, height = _decode(boxes)
    score = np.where(np.isfinite(score + x + y + width + height), score, 0)
    resized, reshaped = _change(_size(width, height) / _size(*last)), _change(width / height / (last[0] / last[1]))
    penalty = np.exp(-(resized * reshaped - 1) * PENALTY)
    window = np.outer(np.hanning(places), np.hanning(places))
    likely = np.where(score > 0, penalty * score * (1 - influence) + window * influence, 0)
    index = np.unravel_index(int(np.argmax(likely)), likely.shape)
    kernel, _, row, column = (int(number) for number in index)
    return Best(
        score=float(score[index]),
        rate=float(penalty[index] * score[index]),
        x=float(x[index]),
        y=float(y[index]),
        width=float(width[index]),
        height=float(height[index]),
        kernel=kernel,
        row=row,
        column=column,
    )


def _decode(boxes: Numbers) -> tuple[Sides, Sides, Sides, Sides]:
    """Return x, y, width and height of every box, each (T, 5, S, S)."""
    kernels, places = len(boxes), boxes.shape[-1]
    dx, dy, dw, dh = boxes.reshape(kernels, 4, len(RATIOS), places, places).swapaxes(0, 1).astype(np.float64)
    widths, heights = (side[:, None, None] for side in _anchors())  # each (5, 1, 1)
    at = (np.arange(places) - places // 2) * STRIDE
    width = np.exp(np.clip(dw, -LARGEST, LARGEST)) * widths
    height = np.exp(np.clip(dh, -LARGEST, LARGEST)) * heights
    return dx * widths + at, dy * heights + at[:, None], width, height


def _anchors() -> tuple[Sides, Sides]:
    """Return the widths and heights of the boxes that are tried, whole multiples of SCALE, as they were in training."""
    widths = [int(math.sqrt(STRIDE * STRIDE / ratio)) for ratio in RATIOS]
    heights = [int(width * ratio) for width, ratio in zip(widths, RATIOS, strict=True)]
    return np.array(widths, np.float64) * SCALE, np.array(heights, np.float64) * SCALE


def _change(ratio: Sides) -> Sides:
    """Return a factor's distance from 1, itself a factor of at least 1."""
    return np.maximum(ratio, 1 / ratio)


def _size(width: Any, height: Any) -> Any:
    """Return the side of the square that shows a box and half its mean side around it."""
    around = (width + height) / 2
    return np.sqrt((width + around) * (height + around))

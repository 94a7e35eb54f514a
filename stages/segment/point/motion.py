"""Frames near in time in, how each pixel moves apart from its surroundings out."""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.segment.point.area import LEAST, Area, Flags, Map, shrunk_luma
from stages.segment.spot import enlarge
from stages.segment.view import View
from transport.messages import Box

Moves = NDArray[np.float32]  # (h, w, 2), in units of what the surroundings do not agree on

CHOSEN = (0, 3)  # of the window: the nearest frame, and one further away for what is slow
SIDE = 192  # pixels, at which motion is found
SMALLEST = 16  # pixels, of which dense flow makes sense
AROUND = 0.8  # of the box on each side: surroundings by which the camera is known
SOLVES = 8  # of the reweighted fit
QUIET = 0.3  # pixels: dense flow is no better


def moves(view: View, window: Sequence[View], box: Box, area: Area) -> Iterator[Moves]:
    """Yield, for some frames of the window, how the area moves against the box's surroundings."""
    place = enlarge(box, AROUND, view.frame.format, least=LEAST)
    here = shrunk_luma(view, place, SIDE)
    if min(here.shape) < SMALLEST:
        return
    flow_between = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    for index in CHOSEN:
        if index < len(window) and (window[index].width, window[index].height) == (view.width, view.height):
            there = shrunk_luma(window[index], place, SIDE)
            flow = np.asarray(flow_between.calc(here, there, None), np.float32)  # type: ignore[call-overload]
            yield _moved(_apart(flow, _beside(box, place, here.shape)), place, area)


def _beside(box: Box, place: Box, shape: tuple[int, ...]) -> Flags:
    across, down = shape[1] / place.width, shape[0] / place.height
    beside = np.ones(shape, np.bool_)
    top, left = int((box.y - place.y) * down), int((box.x - place.x) * across)
    bottom, right = (box.y + box.height - place.y) * down, (box.x + box.width - place.x) * across
    beside[top : int(np.ceil(bottom)), left : int(np.ceil(right))] = False
    return beside if np.count_nonzero(beside) > beside.size // 20 else np.ones_like(beside)


def _apart(flow: Moves, beside: Flags) -> Moves:
    """Take away the affine motion that most of the surroundings agree on (Cauchy weights)."""
    height, width = beside.shape
    x, y = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
    plane = np.stack([np.ones_like(x), x, y], axis=2)
    known, seen, weights = plane[beside], flow[beside], np.ones((np.count_nonzero(beside), 1))
    for _ in range(SOLVES):
        fit = np.linalg.lstsq(known * weights, seen * weights, rcond=None)[0]
        away = np.hypot(*(seen - known @ fit).T)
        scale = max(QUIET / 2, 1.5 * float(np.median(away)))
        weights = 1 / (1 + (away[:, None] / scale) ** 2)
    return ((flow - plane @ fit) / max(QUIET, float(np.median(away)))).astype(np.float32)


def _moved(values: Moves, place: Box, area: Area) -> Moves:
    """Return what lies at one place as the area has it."""
    (height, width), (rows, columns) = values.shape[:2], area.across.shape
    across, down = width / place.width, height / place.height
    matrix = np.array(
        [
            [across * area.place.width / columns, 0, across * (area.place.x - place.x)],
            [0, down * area.place.height / rows, down * (area.place.y - place.y)],
        ]
    )
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    moved = cv2.warpAffine(values, matrix, (columns, rows), flags=how, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.float32)


def speed(one: Moves) -> Map:
    """Return how fast it is, on a scale on which fast and very fast are not far apart."""
    return np.log1p(np.hypot(one[..., 0], one[..., 1]))

"""Names of clips in, frames with what was pointed at and what it should outline out: DAVIS 2016, the footage."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.segment.point.segmenter import Hint, Point
from stages.segment.view import View
from transport.messages import Box, Frame, PictureFormat

FOOTAGE = Path(__file__).resolve().parents[4] / "shared" / "footage"
WINDOW = 4  # frames after the one that is looked at
JITTER = 0.1  # of a box's side, by which each of its sides may be off
KINDS = ("box", "larger", "jitter", "click", "clicks")

Flags = NDArray[np.bool_]  # (H, W)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sample:
    """One frame of a clip."""

    clip: str
    dev: bool  # of the half on which constants are chosen
    view: View
    window: list[View]
    truth: Flags


def samples(step: int, most: int) -> Iterator[Sample]:
    """Yield every `step`-th frame of every clip, `most` of each; clips in alphabetical order, every second is dev."""
    folders = sorted(FOOTAGE.glob("davis*/*/frames"), key=lambda folder: folder.parent.name)
    for place, folder in enumerate(folders):
        frames, masks = (sorted((folder.parent / kind).iterdir()) for kind in ("frames", "masks"))
        for seq in range(0, len(frames) - WINDOW - 1, step)[:most]:
            truth = np.asarray(cv2.imread(str(masks[seq]), cv2.IMREAD_GRAYSCALE)) >= 128
            if truth.any():
                views = [_view(frames[seq + ahead], seq + ahead) for ahead in range(WINDOW + 1)]
                name = folder.parent.name
                yield Sample(clip=name, dev=place % 2 == 0, view=views[0], window=views[1:], truth=truth)


def _view(path: Path, seq: int) -> View:
    picture = np.asarray(cv2.imread(str(path), cv2.IMREAD_COLOR), np.uint8)
    height, width = picture.shape[:2]
    form = PictureFormat(width=width, height=height, pixel_format="bgr24")
    return View(Frame(seq=seq, pts=seq, duration=1, key=True, format=form, planes=(picture.reshape(height, -1),)))


def hint(kind: str, truth: Flags, generator: np.random.Generator) -> Hint:
    """Return what a user would say: a tight box, one a tenth larger, one that is a little off, one click or three."""
    if kind in ("click", "clicks"):
        return Hint(points=_innermost(truth, 1 if kind == "click" else 3))
    x, y, width, height = cv2.boundingRect(truth.view(np.uint8))
    off = {"box": np.zeros(4), "larger": np.array([-0.05, -0.05, 0.05, 0.05])}.get(kind)
    if off is None:
        off = generator.uniform(-JITTER, JITTER, 4)
    corners = np.array([x, y, x + width, y + height]) + off * [width, height, width, height]
    left, top = np.floor(np.maximum(corners[:2], 0)).astype(int)
    right, bottom = np.ceil(np.minimum(corners[2:], truth.shape[::-1])).astype(int)
    return Hint(box=Box(x=int(left), y=int(top), width=int(right - left), height=int(bottom - top)))


def _innermost(truth: Flags, count: int) -> tuple[Point, ...]:
    """Return pixels as far from the outline as any, each away from those before."""
    left, points = np.pad(truth.astype(np.uint8), 1), []
    while left.any() and len(points) < count:
        depth = cv2.distanceTransform(left, cv2.DIST_L2, 5)
        y, x = (int(one) for one in np.unravel_index(depth.argmax(), depth.shape))
        points.append(Point(x=x - 1, y=y - 1))
        cv2.circle(left, (x, y), max(3, int(depth[y, x] * 1.5)), 0, cv2.FILLED)
    return tuple(points)

"""Frames in, everything that moves before the scene out, as one spot: `--target moving`.

For a camera that stands still, shakes or pans slowly. Shadows are included, as they move with their owner. What moved
and stands still now is kept for `patience` frames. Everything is deterministic.
"""

import logging
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.segment.detect.moving.blobs import SURE, ghosts, relit, whole
from stages.segment.detect.moving.camera import ENOUGH, Matrix, Points, corners, register
from stages.segment.detect.moving.plate import NO_DOUBT, Plate
from stages.segment.detect.moving.sight import NEARER, WANDERED, Placed, Sight, grey, lay, misfit_of
from stages.segment.spot import Spot, crop
from stages.segment.view import View

log = logging.getLogger(__name__)

Colours = NDArray[np.uint8]  # (H, W, 3)
Where = NDArray[np.bool_]  # (H, W)

WORK_SIDE = 480  # pixels: larger pictures are looked at at this size
PATIENCE = 1500  # frames: a minute of video
SETTLED = 8  # frames without a change after which what stands still may be bare ground
JUDGED = 4  # of so many frames in one are ghosts looked for
TREMBLE = 1.0  # pixels by which a picture that had to be resampled may lie beside the plate
LEAST_NOISE = 0.7  # levels
SURER = 0.9  # of the doubt about a new exposure is left after a frame
EVERYTHING = 0.7  # of the picture: more than that is not an object
BLIND = 5  # frames in a row that do not fit the plate, after which that is said, once
LOST_FRAMES = 25  # in a row that do not fit the plate: then it is made anew
JUST_SEEN = np.ones((2 * WANDERED + 1, 2 * WANDERED + 1), np.uint8)  # pixels that come into view at once
AROUND = np.ones((5, 5), np.uint8)  # pixels by which what moved may have moved on


class Moving:
    """Finds what moves, frame after frame; holds one plate of the scene at WORK_SIDE, whatever the length."""

    def __init__(self, *, patience: int = PATIENCE) -> None:
        """Take for how many frames something that has stopped is still removed."""
        self._patience = patience
        self._told = False  # that the camera is too fast
        self.cut()

    def gap(self) -> None:
        """Know that frames are missing before the next: the background is still what it was."""

    def cut(self) -> None:
        """Know that the next frame begins a new shot: everything is learned anew."""
        self._plate: Plate | None = None
        self._sight = Sight()
        self._moving: Where = np.zeros((0, 0), np.bool_)  # in the frame before, on the plate
        self._matrix: Matrix = np.eye(2, 3)
        self._lost = 0  # frames in a row that did not fit
        self._frames = 0
        self._doubt = 0.0  # about the exposure, 0 to 1

    def step(self, view: View, window: Sequence[View] = ()) -> Spot | None:
        """Return all that moves in the next frame, 0 to 255 with 128 as its outline; None if nothing does.

        One frame alone does not tell what moves: nothing is found in the first of a shot unless `window`, frames after
        it, nearest first, shows the scene. In the frames after the first it is not looked at.
        """
        picture = _reduced(view)
        if self._lost > LOST_FRAMES or (self._plate and self._plate.picture.shape != picture.shape):
            self.cut()
        plate = self._plate = self._plate or Plate(_scene(picture, window))
        if self._moving.shape != picture.shape[:2]:
            self._moving = np.zeros(picture.shape[:2], np.bool_)
        self._frames += 1
        placed = self._sight.step(plate, picture, ~self._moving)
        if placed:
            self._moving = self._find(plate, placed)
            self._matrix = placed.matrix
        # What does not fit holds on to what there was.
        self._lost = self._lost + 1 if not placed or self._moving.mean() > EVERYTHING else 0
        if self._lost == BLIND and not self._told:
            log.warning("frame %d: the camera moves too fast to tell what moves before it; it may be shown", view.seq)
            self._told = True
        return _spot(self._moving, self._matrix, view)

    def _find(self, plate: Plate, placed: Placed) -> Where:
        """Return what moves, on the plate, and learn."""
        if any(placed.moved):
            self._moving = np.zeros_like(self._moving)
        off = plate.differences(placed.picture, 0.0 if placed.exact else TREMBLE)
        off[~placed.seen] = 0
        self._doubt = 1.0 if placed.exposed else self._doubt * SURER
        level = plate.level(max(LEAST_NOISE, float(np.median(off[::3, ::3]))), self._doubt)
        before = cv2.dilate(self._moving.view(np.uint8), AROUND) > 0
        moving = whole(off, level, before)
        if self._doubt > NO_DOUBT:
            moving &= ~relit(moving, placed.picture, plate.picture)
        unknown = plate.age == 0
        if unknown.any():  # what touches it goes on there, and must not become the scene
            moving |= unknown & (cv2.dilate(moving.view(np.uint8), JUST_SEEN) > 0)
        plate.learn(placed.picture, off, level, moving, placed.seen)
        gone = plate.stable >= self._patience
        if self._frames % JUDGED == 0:
            still = moving & (plate.stable >= SETTLED)
            gone |= ghosts(still, moving, off > SURE * level, placed.picture, plate.picture)
        if gone.any():
            plate.accept(gone)
            moving &= ~gone
        return moving


def _scene(picture: Colours, window: Sequence[View]) -> Colours:
    """Return what most frames show, laid on the first; of fewer than three, the first."""
    start = corners(grey(picture), np.ones(picture.shape[:2], np.bool_))
    same_size = [other for other in map(_reduced, window) if other.shape == picture.shape]
    others = [laid for other in same_size if (laid := _laid(other, picture, start)) is not None]
    return np.median(np.stack([picture, *others]), axis=0).astype(np.uint8) if len(others) > 1 else picture


def _laid(other: Colours, picture: Colours, start: Points) -> Colours | None:
    """Return another picture where it lies on the first, if it fits better so than as it is; None if nobody knows."""
    if len(start) < ENOUGH:
        return other
    matrix = register(grey(picture), grey(other), start, np.eye(2, 3))
    if matrix is None:
        return None
    placed, seen = lay(other, matrix)
    placed = np.where(seen[..., None], placed, picture)
    before, now = (misfit_of(*(image.astype(np.float32) for image in (one, picture))) for one in (other, placed))
    return placed if now < NEARER * before else other


def _reduced(view: View) -> Colours:
    """Return the picture at the size at which it is looked at, a little blurred against noise and blocks."""
    factor = min(1.0, WORK_SIDE / max(view.width, view.height))
    size = max(1, round(view.width * factor)), max(1, round(view.height * factor))
    image = view.bgr if factor == 1.0 else cv2.resize(view.bgr, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(image, (3, 3), 0), np.uint8)


def _spot(moving: Where, matrix: Matrix, view: View) -> Spot | None:
    """Return what moves at the size and place of the source."""
    if not moving.any():
        return None
    height, width = moving.shape
    values = moving.view(np.uint8) * np.uint8(255)
    if not np.array_equal(matrix, np.eye(2, 3)):
        # What touches the edge of what is known goes on beyond it.
        border = cv2.BORDER_REPLICATE
        values = np.asarray(cv2.warpAffine(values, matrix, (width, height), borderMode=border), np.uint8)
    if (view.width, view.height) != (width, height):
        values = np.asarray(cv2.resize(values, (view.width, view.height), interpolation=cv2.INTER_LINEAR), np.uint8)
    return crop(values)

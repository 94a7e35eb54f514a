"""Two frames and their holes in, how the picture moves between them out: also behind the object.

The camera's motion is a homography, from corners tracked off the holes (Shi and Tomasi 1994; Bouguet's pyramidal
Lucas-Kanade; MAGSAC, Barath et al. 2019). What differs from it is found by dense inverse search (Kroeger et al.,
Fast Optical Flow using Dense Inverse Search, ECCV 2016) around the holes, and extended into them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.inpaint.engine import Picture
from stages.inpaint.propagate.harmonic import extend
from stages.inpaint.propagate.images import Floats, Grey, Known, averaged, grown, over, softened, widened
from stages.inpaint.propagate.sample import sample
from stages.inpaint.propagate.view import View, look, union
from transport.messages import Box

MARGIN = 48  # small pixels around the holes that the dense flow looks at
CORNERS = 300
INLIERS = 12  # fewer do not make a homography
STILL = 0.15  # small pixels: corners that move less than this stand still
SMALLEST = 32  # small pixels a side, below which dense flow is not tried
SKIN = 4  # small pixels around a hole whose flow is the object's
BETTER = 0.5  # grey levels by which the dense flow must explain more than the camera
STRAY = 24  # grey levels: where the flow is off by more it is not believed
EYE = np.eye(3)

Camera = NDArray[np.float64]  # (3, 3) homography between two frames in small pixels


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Flow:
    """Where pixels of one frame are in another, for a region."""

    vectors: Floats  # (h, w, 2) small pixels
    box: Box  # of the region, small pixels
    scale: tuple[float, float]  # pixels per small pixel, across and down

    def at(self, x: Floats, y: Floats) -> Floats:
        """Return (n, 2) vectors in pixels for places in pixels."""
        across, down = np.float32(self.scale[0]), np.float32(self.scale[1])
        half = np.float32(0.5)
        small_x, small_y = (x + half) / across - half - self.box.x, (y + half) / down - half - self.box.y
        return sample(self.vectors, small_x, small_y) * np.array([across, down], np.float32)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Step:
    """The motion between a frame and the next."""

    ahead: Flow
    back: Flow


class Motion:
    """The steps between the frames of the window; each is computed once."""

    def __init__(self) -> None:
        self._views: dict[int, View] = {}
        self._cameras: dict[int, Camera] = {}  # from the frame to the next
        self._steps: dict[int, Step] = {}

    def see(self, pictures: Sequence[Picture]) -> None:
        """Take the window's pictures in, consecutive and in order, and forget what lies before them."""
        oldest = pictures[0].seq
        for known in (self._views, self._cameras, self._steps):
            for seq in [seq for seq in known if seq < oldest]:
                del known[seq]
        for picture in pictures:
            if picture.seq not in self._views:
                self._add(picture)

    def step(self, seq: int) -> Step:
        """Return the motion from frame `seq` to the next."""
        if seq not in self._steps:
            self._steps[seq] = _step(self._views[seq], self._views[seq + 1], self._cameras[seq])
        return self._steps[seq]

    def _add(self, picture: Picture) -> None:
        view, before = look(picture), self._views.get(picture.seq - 1)
        if before is not None:
            camera = _camera(before, view)
            self._cameras[picture.seq - 1] = camera
            view = _prefill(before, view, camera)
        self._views[picture.seq] = view


def _camera(before: View, after: View) -> Camera:
    """Return how the camera moved; exactly nothing when it stood still or cannot be told."""
    off = np.where(widened(before.hole, 3), 0, 255).astype(np.uint8)
    corners = cv2.goodFeaturesToTrack(before.grey, CORNERS, 0.005, 7, mask=off)
    if corners is None or len(corners) < INLIERS:
        return EYE
    moved, found, _ = cv2.calcOpticalFlowPyrLK(
        before.grey, after.grey, corners, corners.copy(), winSize=(15, 15), maxLevel=3
    )
    there = np.clip(np.rint(moved[:, 0]).astype(int), 0, (after.grey.shape[1] - 1, after.grey.shape[0] - 1))
    good = (found[:, 0] > 0) & ~after.hole[there[:, 1], there[:, 0]]
    if good.sum() < INLIERS:
        return EYE
    if np.median(np.abs(moved - corners)[good].max(axis=(1, 2))) < STILL:
        return EYE
    camera, inliers = cv2.findHomography(corners[good], moved[good], cv2.USAC_MAGSAC, 1.5, maxIters=500)
    if camera is None or inliers.sum() < INLIERS or not _sane(camera, before.grey.shape):
        return EYE
    return np.asarray(camera, np.float64)


def _sane(camera: NDArray[np.floating], shape: tuple[int, ...]) -> bool:
    """A homography that throws a corner of the picture far away is a mistake."""
    height, width = shape
    corners = np.array([[[0, 0]], [[width, 0]], [[0, height]], [[width, height]]], np.float32)
    moved = cv2.perspectiveTransform(corners, camera)
    return bool(np.isfinite(moved).all() and np.abs(moved - corners).max() < 0.6 * width)


def _prefill(before: View, view: View, camera: Camera) -> View:
    """Let the hole of a view go along with the camera, so that the flow around it is not drawn to a standstill."""
    if view.box.width == 0:
        return view
    region = grown(view.box, 6, view.grey.shape)
    rows, columns = slice(region.y, region.y + region.height), slice(region.x, region.x + region.width)
    there = _plane_flow(_inverse(camera), region)
    x, y = _grid(region)
    warped = cv2.remap(
        before.grey, x + there[..., 0], y + there[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    ).astype(np.float32)
    hole = view.hole[rows, columns]
    lighter = extend((view.grey[rows, columns].astype(np.float32) - warped)[..., None], ~hole, 2)
    lighter = np.clip(softened(lighter, 3), -20, 20)
    grey = view.grey.copy()
    grey[rows, columns] = np.where(hole, np.clip(warped + lighter.reshape(hole.shape), 0, 255), grey[rows, columns])
    return View(grey=grey, hole=view.hole, box=view.box, scale=view.scale)


def _step(before: View, after: View, camera: Camera) -> Step:
    """Return the dense motion around the holes, both ways."""
    region = grown(union(before.box, after.box), MARGIN, before.grey.shape)
    ahead = _flow(before, after, camera, region)
    back = _flow(after, before, _inverse(camera), region)
    return Step(ahead=ahead, back=back)


def _flow(one: View, other: View, camera: Camera, region: Box) -> Flow:
    rows, columns = slice(region.y, region.y + region.height), slice(region.x, region.x + region.width)
    plane = _plane_flow(camera, region)
    vectors = plane
    if min(region.width, region.height) >= SMALLEST:
        here, there = one.grey[rows, columns], other.grey[rows, columns]
        dense = _dense(np.ascontiguousarray(here), np.ascontiguousarray(there), plane)
        residual, known = _trust(one, other, plane, dense, region)
        hole = widened(one.hole[rows, columns], SKIN)
        extended = extend(residual, known & ~hole)
        vectors = plane + np.where(hole[..., None], extended, residual)
    return Flow(vectors=vectors, box=region, scale=one.scale)


def _dense(here: Grey, there: Grey, start: Floats) -> Floats:
    """Return the DIS flow from one crop to the other; the same on any number of threads."""
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    return np.asarray(search.calc(here, there, start.copy()), np.float32)


def _trust(one: View, other: View, plane: Floats, dense: Floats, region: Box) -> tuple[Floats, Known]:
    """Return how the dense flow differs from the camera's, nought where it explains no more; and where it is good."""
    off_plane, off_dense = _error(one, other, plane, region), _error(one, other, dense, region)
    better = off_dense < off_plane - BETTER
    residual = np.where(better[..., None], dense - plane, np.float32(0))
    return residual, np.minimum(off_plane, off_dense) < STRAY


def _error(one: View, other: View, flow: Floats, region: Box) -> Floats:
    """Return the mean difference around every pixel after the flow, off the holes; a lot where there is only hole."""
    x, y = _grid(region)
    there = (x + flow[..., 0], y + flow[..., 1])
    rows, columns = slice(region.y, region.y + region.height), slice(region.x, region.x + region.width)
    moved = cv2.remap(other.grey, *there, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    covered = cv2.remap(other.hole.astype(np.uint8), *there, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    clear = (~one.hole[rows, columns] & (covered == 0)).astype(np.float32)
    off = averaged(cv2.absdiff(one.grey[rows, columns], moved) * clear, 7)
    weight = averaged(clear, 7)
    return np.where(weight > 0, over(off[..., None], weight)[..., 0], np.float32(255))


def _plane_flow(camera: Camera, region: Box) -> Floats:
    """Return (h, w, 2) vectors of a homography over a region."""
    x, y = _grid(region)
    if np.array_equal(camera, EYE):
        return np.zeros((*x.shape, 2), np.float32)
    points = np.stack([x, y, np.ones_like(x)], axis=-1).astype(np.float64) @ camera.T
    moved = points[..., :2] / points[..., 2:]
    return (moved - np.stack([x, y], axis=-1)).astype(np.float32)


def _inverse(camera: Camera) -> Camera:
    return np.asarray(np.linalg.inv(camera), np.float64)


def _grid(region: Box) -> tuple[Floats, Floats]:
    """Return the places of a region's pixels, across and down, each (h, w)."""
    rows, columns = np.indices((region.height, region.width), np.float32)
    return columns + np.float32(region.x), rows + np.float32(region.y)

"""A plate and a picture in, the picture laid on the plate out: where the camera looks now, and in which exposure.

Nothing is looked for as long as the picture fits the plate as it did before, which is what a camera at rest gives.
Otherwise another exposure is tried, then another place, and each is believed only if the picture fits better with it:
a large car before bare asphalt gives corners enough for a wrong registration.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.segment.detect.moving import exposure
from stages.segment.detect.moving.camera import Matrix, Points, corners, is_whole, register
from stages.segment.detect.moving.plate import Plate

Colours = NDArray[np.uint8]  # (H, W, 3)
Where = NDArray[np.bool_]  # (H, W)

RENEW = 50  # frames after which other places are compared, as the plate has changed
DETAILED = 0.06  # of the picture: the places with most detail, which show a shift ...
EVENLY = 6  # ... and of so many pixels one, across and down, which show an exposure
WORST = 30.0  # levels: a place that is further off is something that moves
UNUSUAL, ABOVE = 1.4, 0.7  # times and levels: a worse fit than usual has a cause
BETTER = 0.85  # of the misfit: what is believed leaves less
USUAL_RATE = 0.05
HOPELESS = 14.0  # levels: where nothing fits, the plate is of another scene
WANDERED = 4  # pixels: the plate is moved along when the camera has gone so far
TURNED = 0.06  # of turning or zooming, after which the plate is of no use


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Placed:
    """A picture on the plate."""

    picture: Colours
    seen: Where  # inside of the picture
    matrix: Matrix  # pixels of the plate to pixels of the picture
    exact: bool  # nothing was resampled
    moved: tuple[int, int]  # the plate was moved on by so many pixels for it


class Sight:
    """Knows how the last picture lay on one plate."""

    def __init__(self) -> None:
        self._matrix: Matrix = np.eye(2, 3)
        self._usual: float | None = None  # misfit, levels
        self._places: NDArray[np.intp] = np.zeros(0, np.intp)  # that are compared, of the plate's pixels
        self._corners: Points | None = None
        self._age = 0  # frames since they were chosen

    def step(self, plate: Plate, picture: Colours, still: Where) -> Placed | None:
        """Lay the next picture on the plate, which is exposed like it and moved along; None if it does not fit.

        `still` is where nothing moved in the frame before, on the plate.
        """
        if self._age % RENEW == 0:
            self._places, self._corners = _places(plate, still), None
        self._age += 1
        usual = 1.0 if self._usual is None else self._usual
        limit = UNUSUAL * usual + ABOVE
        placed, seen = _lay(picture, self._matrix)
        misfit = self._misfit(plate.picture, placed)
        if misfit > limit:
            misfit = self._expose(plate, placed, misfit)
        if misfit > limit:
            misfit = self._search(plate, picture, misfit, still)
            placed, seen = _lay(picture, self._matrix)
        if misfit > HOPELESS or np.abs(self._matrix[:, :2] - np.eye(2)).max() > TURNED:
            return None
        self._usual = misfit if self._usual is None else usual + USUAL_RATE * (misfit - usual)
        return self._follow(plate, picture, placed, seen)

    def _expose(self, plate: Plate, placed: Colours, misfit: float) -> float:
        """Try another exposure, and return the misfit that is left."""
        before, after = self._pixels(plate.picture), self._pixels(placed)
        tone = exposure.by_pixels(before, after)
        left = _off(exposure.apply(tone, before), after)
        if left > BETTER * misfit:
            return misfit
        plate.expose(tone)
        return left

    def _search(self, plate: Plate, picture: Colours, misfit: float, still: Where) -> float:
        """Try another place, in an exposure that needs none, and return the misfit that is left."""
        if self._corners is None:
            self._corners = corners(plate.grey, still & (plate.age > 0))
        before, after = self._pixels(plate.picture), self._pixels(picture)
        tone = exposure.by_quantiles(before, after)
        like = np.clip(exposure.apply(tone, plate.picture.astype(np.float32)), 0, 255).astype(np.uint8)
        matrix = register(_grey(like), _grey(picture), self._corners, self._matrix)
        if matrix is None:
            return misfit
        after = self._pixels(_lay(picture, matrix)[0])
        tone = exposure.by_pixels(before, after)
        exposed, plain = _off(exposure.apply(tone, before), after), _off(before, after)
        if min(exposed, plain) > BETTER * misfit:
            return misfit
        self._matrix = matrix
        if exposed > BETTER * plain:
            return plain
        plate.expose(tone)
        return exposed

    def _follow(self, plate: Plate, picture: Colours, placed: Colours, seen: Where) -> Placed:
        """Move the plate along if the camera has wandered off; what comes into view joins it."""
        dx, dy = _wandered(self._matrix, seen.shape)
        if max(abs(dx), abs(dy)) < WANDERED:
            dx = dy = 0
        else:
            plate.move(dx, dy)
            self._matrix = self._matrix.copy()
            self._matrix[:, 2] += self._matrix[:, :2] @ (dx, dy)
            self._age = 0
            placed, seen = _lay(picture, self._matrix)
        exact = is_whole(self._matrix)
        return Placed(picture=placed, seen=seen, matrix=self._matrix, exact=exact, moved=(dx, dy))

    def _misfit(self, plate: Colours, placed: Colours) -> float:
        return _off(self._pixels(plate), self._pixels(placed))

    def _pixels(self, picture: Colours) -> NDArray[np.float32]:
        return picture.reshape(-1, 3)[self._places].astype(np.float32)


def _places(plate: Plate, still: Where) -> NDArray[np.intp]:
    """Return the places that are compared: where detail is, and evenly."""
    detail = cv2.morphologyEx(plate.grey, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    open_ = still & (plate.age > 0)
    if not open_.any():
        open_ = np.ones_like(still)
    chosen = open_ & (detail > np.quantile(detail[open_], 1 - DETAILED))
    chosen[::EVENLY, ::EVENLY] |= open_[::EVENLY, ::EVENLY]
    return np.flatnonzero(chosen)


def _off(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Return the mean difference, what moves counted as no more than WORST."""
    return float(np.minimum(np.abs(one - other).max(axis=1), WORST).mean()) if len(one) else 0.0


def _lay(picture: Colours, matrix: Matrix) -> tuple[Colours, Where]:
    """Return the picture as it lies on the plate, and where it is."""
    height, width = picture.shape[:2]
    if np.array_equal(matrix, np.eye(2, 3)):
        return picture, np.ones((height, width), np.bool_)
    nearest = cv2.WARP_INVERSE_MAP | cv2.INTER_NEAREST
    how = nearest if is_whole(matrix) else cv2.WARP_INVERSE_MAP | cv2.INTER_LINEAR
    placed = cv2.warpAffine(picture, matrix, (width, height), flags=how, borderMode=cv2.BORDER_REPLICATE)
    seen = cv2.warpAffine(np.ones((height, width), np.uint8), matrix, (width, height), flags=nearest)
    return np.asarray(placed, np.uint8), np.asarray(seen) > 0


def _wandered(matrix: Matrix, shape: tuple[int, ...]) -> tuple[int, int]:
    """Return where on the plate the picture's middle lies, from the plate's middle."""
    middle = np.array([shape[1] / 2, shape[0] / 2])
    dx, dy = np.linalg.solve(matrix[:, :2], middle - matrix[:, 2]) - middle
    return round(float(dx)), round(float(dy))


def _grey(image: Colours) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)

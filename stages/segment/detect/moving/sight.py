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
Pixels = NDArray[np.float32]  # (n, 3), 0 to 255
Where = NDArray[np.bool_]  # (H, W)

RENEW = 50  # frames after which other places are compared, as the plate has changed
DETAILED = 0.06  # of the picture: the places with most detail, which show a shift ...
MOST_DETAILED = 2000  # ... so many of them ...
EVENLY = 8  # ... and of so many pixels one, across and down, which show an exposure
MAP_ROWS = 64
WORST = 30.0  # levels: a place that is further off is something that moves
UNUSUAL, ABOVE = 1.4, 0.7  # times and levels: a worse fit than usual has a cause
BETTER = 0.85  # of the misfit: an exposure that is believed leaves less ...
NEARER = 0.95  # ... and so does a place
CHECKED = 8  # of so many frames in one another place is tried anyway: what creeps is never unusual
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
    exposed: bool  # the plate's exposure was changed for it


class Sight:
    """Knows how the last picture lay on one plate."""

    def __init__(self) -> None:
        self._matrix: Matrix = np.eye(2, 3)
        self._usual = 1.0  # misfit, levels
        self._places: Points = np.zeros((0, 2), np.float32)  # of the plate that are compared
        self._corners: Points | None = None
        self._age = 0  # frames since they were chosen
        self._exposed = False  # otherwise than the frame before

    def step(self, plate: Plate, picture: Colours, still: Where) -> Placed | None:
        """Lay the next picture on the plate, which is exposed like it and moved along; None if it does not fit.

        `still` is where nothing moved in the frame before, on the plate.
        """
        if self._age % RENEW == 0:
            self._places, self._corners = _places(plate, still), None
        self._age += 1
        check = self._age % CHECKED == 0
        places = self._places
        if not check:
            places = places[_at(still.view(np.uint8), places, np.eye(2, 3)) > 0]
        misfit = self._fit(plate, picture, places, still, check=check)
        if misfit > HOPELESS or np.abs(self._matrix[:, :2] - np.eye(2)).max() > TURNED:
            return None
        self._usual += USUAL_RATE * (misfit - self._usual)
        return self._follow(plate, picture)

    def _fit(self, plate: Plate, picture: Colours, places: Points, still: Where, *, check: bool) -> float:
        """Try another exposure and another place if these have become unusual, and return the misfit that is left."""
        limit = UNUSUAL * self._usual + ABOVE
        expected, found = _at(plate.picture, places, np.eye(2, 3)), _at(picture, places, self._matrix)
        misfit, tone = misfit_of(expected, found), None
        if misfit > limit:
            misfit, tone = _toned(expected, found)
        if misfit > limit or check:
            there = self._search(plate, picture, exposure.by_quantiles(expected, found), still)
            if there is not None:
                elsewhere, other = _toned(expected, _at(picture, places, there))
                if elsewhere < NEARER * misfit:
                    self._matrix, misfit, tone = there, elsewhere, other
        self._exposed = tone is not None
        if tone:
            plate.expose(tone)
        return misfit

    def _search(self, plate: Plate, picture: Colours, tone: exposure.Tone, still: Where) -> Matrix | None:
        """Return where the picture may lie on the plate, if the plate were exposed like it."""
        if self._corners is None:
            self._corners = corners(plate.grey, still & (plate.age > 0))
        like = exposure.shown(tone, plate.picture)
        return register(grey(like), grey(picture), self._corners, self._matrix)

    def _follow(self, plate: Plate, picture: Colours) -> Placed:
        """Move the plate along if the camera has wandered off; what comes into view joins it."""
        dx, dy = _wandered(self._matrix, picture.shape)
        if max(abs(dx), abs(dy)) < WANDERED:
            dx = dy = 0
        else:
            plate.move(dx, dy)
            self._matrix = self._matrix.copy()
            self._matrix[:, 2] += self._matrix[:, :2] @ (dx, dy)
            self._age = 0
        placed, seen = lay(picture, self._matrix)
        exact = is_whole(self._matrix)
        return Placed(
            picture=placed, seen=seen, matrix=self._matrix, exact=exact, moved=(dx, dy), exposed=self._exposed
        )


def _places(plate: Plate, still: Where) -> Points:
    """Return the places that are compared: where detail is, and evenly."""
    detail = cv2.morphologyEx(plate.grey, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    open_ = still & (plate.age > 0)
    if not open_.any():
        open_ = np.ones_like(still)
    strong = np.flatnonzero(open_ & (detail > np.quantile(detail[open_], 1 - DETAILED)))
    chosen = np.zeros_like(open_)
    chosen.ravel()[strong[:: -(-len(strong) // MOST_DETAILED) or 1]] = True
    chosen[::EVENLY, ::EVENLY] |= open_[::EVENLY, ::EVENLY]
    return np.argwhere(chosen)[:, ::-1].astype(np.float32)


def _at(picture: Colours, places: Points, matrix: Matrix) -> Pixels:
    """Return what a picture shows at places of the plate."""
    if not len(places):
        return np.zeros((0, *picture.shape[2:]), np.float32)
    lying = (places @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)
    height, width = picture.shape[:2]
    if is_whole(matrix):
        x, y = lying.astype(np.intp).T
        return np.asarray(picture[np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)], np.float32)
    side = -(-len(lying) // MAP_ROWS)  # remap takes no more than 32767 across
    across, down = (np.resize(values, (MAP_ROWS, side)) for values in np.ascontiguousarray(lying.T))
    found = cv2.remap(picture, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found.reshape(-1, *picture.shape[2:])[: len(lying)], np.float32)


def _toned(expected: Pixels, found: Pixels) -> tuple[float, exposure.Tone | None]:
    """Return the misfit in the exposure that fits best, and that exposure; None if there is no need of one."""
    misfit, tone = misfit_of(expected, found), exposure.by_pixels(expected[::2], found[::2])
    left = misfit_of(exposure.apply(tone, expected), found)
    return (left, tone) if left < BETTER * misfit else (misfit, None)


def misfit_of(one: Pixels, other: Pixels) -> float:
    """Return the mean difference, what moves counted as no more than WORST."""
    return float(np.minimum(np.abs(one - other).max(axis=-1), WORST).mean()) if len(one) else 0.0


def lay(picture: Colours, matrix: Matrix) -> tuple[Colours, Where]:
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


def grey(image: Colours) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)

"""What a followed object looks like, and where in a picture something looks like it."""

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]  # (h, w)
Look = NDArray[np.float32]  # (rows, columns) of a look's size, whatever the object's

SIDE = 32  # pixels: the square root of a look's area
LEAST = 8  # pixels: of its shorter side
NEAR = 0.35  # of the box, on every side: how far it is searched in the next frame
RENEW = 0.15  # share of the newest picture in the recent look
MOST_SEARCHED = 512  # pixels: of the longer side of a whole picture that is searched


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A box with fractions, in pixels of the working picture."""

    x: float  # of the centre
    y: float
    width: float
    height: float

    def moved(self, dx: float, dy: float, scale: float = 1.0) -> "Place":
        """Return it shifted and then scaled about its centre."""
        return Place(x=self.x + dx, y=self.y + dy, width=self.width * scale, height=self.height * scale)


class Seen(NamedTuple):
    """The best match, and the correlation there, -1 to 1."""

    place: Place
    likeness: float


class Looks:
    """The first look of an object, and one that follows its changes; both are of one small size."""

    def __init__(self, picture: Grey, place: Place) -> None:
        aspect = place.width / place.height
        self._columns = int(np.clip(round(SIDE * aspect**0.5), LEAST, SIDE * SIDE // LEAST))
        self._rows = int(np.clip(round(SIDE / aspect**0.5), LEAST, SIDE * SIDE // LEAST))
        self._first = self._look(picture, place)
        self._recent = self._first

    def remember(self, picture: Grey, place: Place) -> None:
        """Let the recent look follow what the object looks like now."""
        self._recent = (1 - RENEW) * self._recent + RENEW * self._look(picture, place)

    def near(self, picture: Grey, place: Place) -> Seen:
        """Return the best match around a place, of its size."""
        wide = Place(x=place.x, y=place.y, width=place.width * (1 + 2 * NEAR), height=place.height * (1 + 2 * NEAR))
        columns, rows = round(self._columns * (1 + 2 * NEAR)), round(self._rows * (1 + 2 * NEAR))
        (x, y), likeness = self._match(_cut_out(picture, wide, columns, rows))
        dx = (x - (columns - self._columns) / 2) * place.width / self._columns
        dy = (y - (rows - self._rows) / 2) * place.height / self._rows
        return Seen(place.moved(dx, dy), likeness)

    def anywhere(self, picture: Grey, size: Place) -> Seen:
        """Return the best match in the whole picture of something as large as `size`."""
        height, width = picture.shape
        limit = MOST_SEARCHED / max(width, height)  # a small object is searched for more coarsely
        across, down = min(self._columns / size.width, limit), min(self._rows / size.height, limit)
        columns, rows = max(round(width * across), self._columns), max(round(height * down), self._rows)
        whole = cv2.resize(picture, (columns, rows), interpolation=cv2.INTER_AREA).astype(np.float32)
        (x, y), likeness = self._match(whole)
        place = Place(
            x=(x + self._columns / 2) * width / columns,
            y=(y + self._rows / 2) * height / rows,
            width=size.width,
            height=size.height,
        )
        return Seen(place, likeness)

    def _look(self, picture: Grey, place: Place) -> Look:
        return _cut_out(picture, place, self._columns, self._rows)

    def _match(self, area: Look) -> tuple[tuple[int, int], float]:
        first = cv2.matchTemplate(area, self._first, cv2.TM_CCOEFF_NORMED)
        recent = cv2.matchTemplate(area, self._recent, cv2.TM_CCOEFF_NORMED)
        # A flat area correlates with nothing, and OpenCV then says 1 or infinity.
        both = np.where(np.abs(first) + np.abs(recent) < 1.999, first + recent, 0)
        _, _, _, (x, y) = cv2.minMaxLoc(both)
        return (x, y), float(max(first[y, x], recent[y, x])) if both[y, x] else 0.0


def _cut_out(picture: Grey, place: Place, columns: int, rows: int) -> Look:
    """Return a place at another size; outside the picture its edge is repeated."""
    height, width = picture.shape
    left, top = round(place.x - place.width / 2), round(place.y - place.height / 2)
    xs = np.clip(np.arange(left, left + max(1, round(place.width))), 0, width - 1)
    ys = np.clip(np.arange(top, top + max(1, round(place.height))), 0, height - 1)
    return cv2.resize(picture[np.ix_(ys, xs)], (columns, rows), interpolation=cv2.INTER_AREA).astype(np.float32)

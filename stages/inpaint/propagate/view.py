"""A picture in, the small view of it that motion is measured on and colours are weighed on out."""

from dataclasses import dataclass

import cv2
import numpy as np

from stages.inpaint.engine import Picture
from stages.inpaint.propagate.harmonic import extend
from stages.inpaint.propagate.images import Bytes, Grey, Known, Places, bounds, grown, part, widened
from stages.inpaint.propagate.sizes import SIDE, small_size
from stages.pixels import component, layout, luma
from transport.messages import Box, Frame, PictureFormat

UNKNOWN = 128  # the colour of what nothing is known of
FLAT = 2.0  # levels of deviation: a picture of less, black mostly, shows nothing that belongs into another


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class View:
    """A reduced picture, in small pixels; nothing of what lies under the hole is in it."""

    grey: Grey  # (h, w)
    colours: Bytes  # (h, w, C), the source's own components
    hole: Known  # (h, w), every small pixel that has anything of the hole in it
    closed: Known  # (h, w), where nothing is to be taken from: the hole, or everything when the picture is flat
    box: Box  # around the hole; empty without one
    scale: tuple[float, float]  # pixels per small pixel, across and down

    @property
    def flat(self) -> bool:
        """Has nothing in it that could be shown elsewhere, nor should anything from elsewhere be shown in it."""
        return self.closed is not self.hole


def look(picture: Picture, side: int = SIDE) -> View:
    """Return the view of a picture, so long at most, its hole filled smoothly from the rim."""
    size = small_size(picture.format, side)
    hole = _small_hole(picture, size)
    box = bounds(hole)
    grey = _reduced(luma(picture.frame), size)
    colours = np.stack([_component(picture.frame, letter, size) for letter in _letters(picture.format)], axis=-1)
    known = grey[~hole]
    closed = np.ones_like(hole) if known.size and known.std() < FLAT else hole
    if not known.size:
        grey, colours = np.full_like(grey, UNKNOWN), np.full_like(colours, UNKNOWN)
    elif box.width:
        grey = _rimmed(grey[..., None], widened(hole, 1), grown(box, 5, hole.shape))[..., 0]
        colours = _rimmed(colours, hole, grown(box, 4, hole.shape))
    scale = (picture.format.width / size[0], picture.format.height / size[1])
    return View(grey=grey, colours=colours, hole=hole, closed=closed, box=box, scale=scale)


def _letters(picture: PictureFormat) -> str:
    return layout(picture.pixel_format).components


def _component(frame: Frame, letter: str, size: tuple[int, int]) -> Grey:
    """Return a component, 8 bits, at the size of a view; a chroma sample that serves several pixels is repeated."""
    lay = layout(frame.format.pixel_format)
    samples = component(frame, letter)
    if lay.bits > 8:
        samples = (samples >> (lay.bits + lay.up - 8)).astype(np.uint8)
    grey = np.asarray(samples, np.uint8)
    across, down = lay.shift if letter in "UV" else (0, 0)
    if (across or down) and size == (frame.format.width, frame.format.height):
        return grey.repeat(1 << down, axis=0).repeat(1 << across, axis=1)[: size[1], : size[0]]
    return _reduced(grey, size)


def _reduced(samples: Grey, size: tuple[int, int]) -> Grey:
    if samples.shape == (size[1], size[0]):
        return np.ascontiguousarray(samples)
    return np.asarray(cv2.resize(np.ascontiguousarray(samples), size, interpolation=cv2.INTER_AREA), np.uint8)


def _small_hole(picture: Picture, size: tuple[int, int]) -> Known:
    """Return every small pixel that has anything of the hole in it; those beside it, too, where pixels are shared."""
    hole = np.zeros((size[1], size[0]), np.bool_)
    if picture.mask.empty:
        return hole
    cells, box = picture.cells, picture.mask.box
    if size == (picture.format.width, picture.format.height):
        hole[part(box)] = cells
        return hole
    rows = _spans(box.y, box.height, picture.format.height, size[1])
    columns = _spans(box.x, box.width, picture.format.width, size[0])
    small = np.maximum.reduceat(np.maximum.reduceat(cells, rows[1], axis=0), columns[1], axis=1)
    hole[np.ix_(rows[0], columns[0])] = small
    shared = picture.format.width % size[0] or picture.format.height % size[1]
    return widened(hole, 1) if shared else hole


def _spans(start: int, length: int, full: int, small: int) -> tuple[Places, Places]:
    """Return the small places that a stretch of pixels falls into, and where in the stretch each begins."""
    places = (np.arange(start, start + length) * small) // full
    return np.unique(places, return_index=True)


def _rimmed(image: Bytes, hole: Known, region: Box) -> Bytes:
    """Let the colours of the rim flow together under a hole."""
    filled, inside = image.copy(), hole[part(region)]
    smooth = extend(image[part(region)].astype(np.float32), ~inside, 1)
    filled[part(region)][inside] = np.clip(smooth[inside], 0, 255)
    return filled

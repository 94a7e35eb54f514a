"""The frames that pointers point into: the window's, and a bounded number of past ones with what filled their holes."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.inpaint.cells import covered, grow, sample_scale
from stages.inpaint.engine import Picture
from stages.inpaint.propagate.images import Floats, Known, over, widened
from stages.inpaint.propagate.pointers import Pointers
from stages.inpaint.propagate.sample import sample
from stages.pixels import Pixels, component, layout, pack
from transport.messages import Box, Plane

PAST = 8  # frames before the current one; with 32 the results are hardly better


class Ring:
    """Frames by seq, held by reference; of a past one, the fill of its mask's box too."""

    def __init__(self) -> None:
        self._entries: dict[int, _Entry] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def see(self, pictures: Sequence[Picture], now: int) -> None:
        """Take the window's pictures in, and let those go that are too old."""
        for picture in pictures:
            if picture.seq not in self._entries:
                self._entries[picture.seq] = _Entry(picture)
        for seq in [seq for seq in self._entries if seq < now - PAST]:
            del self._entries[seq]

    def keep(self, seq: int, pixels: Pixels) -> None:
        """Remember what fills the mask's box of a frame."""
        self._entries[seq].fill = pack(pixels, self._entries[seq].frame.format)

    def holds(self, seqs: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Return which of these frames can be read at the next frame, too."""
        return np.isin(seqs, list(self._entries))

    def shows(self, pointers: Pointers) -> NDArray[np.bool_]:
        """Return which pointers can be read without touching a hole or leaving the picture."""
        shown = pointers.kept & pointers.valid
        for seq in np.unique(pointers.seq[pointers.valid & ~pointers.kept]):
            index = np.flatnonzero((pointers.seq == seq) & ~pointers.kept)
            shown[index] = self._entries[int(seq)].shows(pointers.x[index], pointers.y[index])
        return shown

    def read(self, pointers: Pointers, x: Floats, y: Floats) -> Floats:
        """Return (n, C) pixels, 0 to 255, for the pixels at x, y; zero where a pointer points nowhere."""
        any_entry = next(iter(self._entries.values()))
        channels = len(layout(any_entry.frame.format.pixel_format).components)
        colours = np.zeros((x.size, channels), np.float32)
        for seq in np.unique(pointers.seq[pointers.valid]):
            entry = self._entries[int(seq)]
            for kept in (False, True):
                index = np.flatnonzero((pointers.seq == seq) & (pointers.kept == kept))
                if index.size:
                    there = pointers.take(index)
                    colours[index] = entry.recall(there) if kept else entry.look(there, x[index], y[index])
        return colours


class _Entry:
    """One frame, its hole and its fill."""

    def __init__(self, picture: Picture) -> None:
        self.frame = picture.frame
        self.box = picture.mask.box
        self.fill: Plane | None = None
        self._around = grow(self.box, 3, picture.format)  # so that the taps beside the hole lie in it
        self._hole = covered(picture, self._around)

    def shows(self, x: Floats, y: Floats) -> NDArray[np.bool_]:
        picture = self.frame.format
        inside = (x > -0.5) & (y > -0.5) & (x < picture.width - 0.5) & (y < picture.height - 0.5)
        shown: NDArray[np.bool_] = inside & (_sample_in(self._hole, self._around, x, y) == 0)
        return shown

    def look(self, pointers: Pointers, x: Floats, y: Floats) -> Floats:
        """Sample the frame's own samples once: brightness where it points, chroma on the chroma's own grid."""
        lay = layout(self.frame.format.pixel_format)
        return np.stack(
            [
                self._look_chroma(letter, lay.shift, pointers, x, y)
                if letter in "UV" and lay.shift != (0, 0)
                else self._look_full(letter, pointers)
                for letter in lay.components
            ],
            axis=1,
        ) * sample_scale(self.frame.format)

    def recall(self, pointers: Pointers) -> Floats:
        """Sample the fill."""
        assert self.fill is not None
        box = self.box
        words = self.fill.reshape(box.height, box.width, -1)
        lay = layout(self.frame.format.pixel_format)
        x, y = pointers.x - box.x, pointers.y - box.y
        values = sample(words.astype(np.float32), x, y, cv2.INTER_CUBIC)
        return values.reshape(x.size, -1) / np.float32(1 << (lay.bits - 8))

    def _look_full(self, letter: str, pointers: Pointers) -> Floats:
        """Bicubic, where its 16 taps are clear of the hole; else bilinear, whose 4 are."""
        crop = _crop(component(self.frame, letter), pointers.x, pointers.y)
        x, y = pointers.x - np.float32(crop.left), pointers.y - np.float32(crop.top)
        clear = _sample_in(widened(self._hole, 1), self._around, pointers.x, pointers.y) == 0
        return np.where(clear, sample(crop.samples, x, y, cv2.INTER_CUBIC), sample(crop.samples, x, y))

    def _look_chroma(self, letter: str, shift: tuple[int, int], pointers: Pointers, x: Floats, y: Floats) -> Floats:
        """Move the cell of the pixel at x, y by half the distance: nothing is resampled where nothing moves."""
        across, down = 1 << shift[0], 1 << shift[1]
        wide, high = np.float32(across), np.float32(down)
        cell_x = np.floor(x / wide) + (pointers.x - x) / wide
        cell_y = np.floor(y / high) + (pointers.y - y) / high
        crop = _crop(component(self.frame, letter), cell_x, cell_y)
        cell_x, cell_y = cell_x - np.float32(crop.left), cell_y - np.float32(crop.top)
        known = self._known(crop, across, down)
        total, weight = sample(crop.samples * known, cell_x, cell_y), sample(known, cell_x, cell_y)
        return over(total[:, None], weight)[:, 0]

    def _known(self, crop: "_Crop", across: int, down: int) -> Floats:
        """Return 1 where a crop of a chroma plane is clear of the hole, else 0."""
        known = np.ones(crop.samples.shape, np.float32)
        x, y = self._around.x // across - crop.left, self._around.y // down - crop.top
        hole = self._hole[max(-y, 0) * down :: down, max(-x, 0) * across :: across]
        part = known[max(y, 0) :, max(x, 0) :][: hole.shape[0], : hole.shape[1]]
        part[hole[: part.shape[0], : part.shape[1]]] = 0
        return known


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Crop:
    """A part of a plane."""

    left: int  # samples
    top: int
    samples: Floats


def _crop(plane: Plane, x: Floats, y: Floats) -> _Crop:
    """Return the part of a plane that holds these places with their taps."""
    rows, columns = plane.shape
    left, right = np.clip([np.floor(x.min()) - 2, np.ceil(x.max()) + 3], 0, columns).astype(int)
    top, bottom = np.clip([np.floor(y.min()) - 2, np.ceil(y.max()) + 3], 0, rows).astype(int)
    left, top = min(int(left), columns - 1), min(int(top), rows - 1)
    samples = np.ascontiguousarray(plane[top : max(bottom, top + 1), left : max(right, left + 1)], np.float32)
    return _Crop(left=left, top=top, samples=samples)


def _sample_in(image: Known, box: Box, x: Floats, y: Floats) -> Floats:
    """Sample an image that lies in a box of the picture and ends with what lies around it."""
    if not image.size:
        return np.zeros(x.size, np.float32)
    return sample(image.astype(np.float32), x - np.float32(box.x), y - np.float32(box.y))

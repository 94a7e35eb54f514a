"""What was last seen of one place, laid over the holes; what was never seen is filled from the rim inwards (Telea)."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stages.inpaint.cells import clean_box, covered, grow
from stages.inpaint.engine import Picture
from stages.inpaint.plate.kind import SIDE
from stages.inpaint.propagate.camera import EYE, camera_between, disagreement, is_still
from stages.inpaint.propagate.images import Floats, part
from stages.inpaint.propagate.light import lighter_by
from stages.inpaint.propagate.view import View, look
from stages.inpaint.telea import RIM, filled_in
from stages.pixels import Pixels, layout, pack
from transport.messages import Box, Frame, Plane

ANOTHER: Final = 10.0  # levels by which half of a view differs, the light aside, where it shows another place
EVERY: Final = 5  # frames: of so many one is checked, and a camera must have stood still for so long
SELDOM: Final = 40  # the same while the camera moves; doubled up to that
ANEW: Final = 50  # frames after which what was made is made anew: something may have gone by its rim
MOST: Final = 8  # levels that count of a difference: a thing that goes by is not to be louder than the place
BETTER: Final = 0.7  # of the difference between two views is left, at most, where it was the camera that moved

Hole = NDArray[np.bool_]  # (h, w)


class Plate:
    """Fills from what it has seen, which outlives chunks, but neither a shot nor any motion of the camera."""

    def __init__(self) -> None:
        self._seen: Frame | None = None  # as the latest frame, its planes our own
        self._shot = 0
        self._due = self._anew = 0  # frames, at which the place is to be checked, and what was made to be made anew
        self._wait = EVERY  # frames between two checks
        self._sure = False  # that the camera stands still
        self._known: Hole  # where anything was seen, or made
        self._made: Hole  # where it was made
        self._first: View  # of this place
        self._latest: View
        self._lighter: Floats  # levels, (C,), by which it has become lighter and what is not seen has not yet

    def fill(self, window: Sequence[Picture]) -> Pixels:
        """Return the mask's box of the second of two frames, filled."""
        before, now = window
        if before.seq < now.seq:
            self.see(before)
        self.see(now)
        around = grow(now.mask.box, RIM, now.format)
        pixels, hole = clean_box(now.frame, around), covered(now, around)
        if self._sure and self._seen is not None:
            known = hole & self._known[part(around)]
            if known.any():
                pixels[known] = clean_box(self._seen, around)[known]
            hole &= ~known
        if hole.any():
            pixels = filled_in(pixels, hole, now.format, SIDE)
            if self._sure and not hole.all():  # else it is made of nothing
                self._keep(pixels, hole, around)
        box = now.mask.box
        y, x = box.y - around.y, box.x - around.x
        return pixels[y : y + box.height, x : x + box.width]

    def see(self, picture: Picture) -> None:
        """Take in what a frame shows beside its hole; one that is not newer than the latest shows nothing."""
        frame, here = picture.frame, self._seen if picture.shot == self._shot else None
        if here is not None and frame.seq <= here.seq:
            return
        if due := here is None or frame.seq >= self._due:
            here = self._checked(here, look(picture, SIDE), frame)
            self._due = frame.seq + self._wait
        self._seen, self._shot = replace(frame, planes=here.planes), picture.shot
        if self._sure or due:
            self._take(picture)

    def _checked(self, here: Frame | None, view: View, frame: Frame) -> Frame:
        """Return what was seen, as light as it would be now; where this is another place, nothing yet."""
        self._sure = here is not None and _is_of_one_place(self._first, view)
        self._wait = EVERY if self._sure or here is None else min(2 * self._wait, SELDOM)
        if here is None or not self._sure:
            here = replace(frame, planes=tuple(np.zeros_like(plane) for plane in frame.planes))
            self._known = np.zeros((frame.format.height, frame.format.width), np.bool_)
            self._made = np.zeros_like(self._known)
            self._first = self._latest = view
            self._lighter = np.zeros(view.colours.shape[2], np.float32)
        if frame.seq >= self._anew:
            self._anew = frame.seq + ANEW
            self._known &= ~self._made
            self._made[...] = False
        self._lighter += lighter_by(self._latest, view, EYE)
        self._lighten(here)
        self._latest = view
        return here

    def _take(self, picture: Picture) -> None:
        """Replace what was seen by what is, beside the hole."""
        assert self._seen is not None
        hidden, x, y = picture.cells, picture.mask.box.x, picture.mask.box.y
        for (old, (across, down)), (new, _) in zip(_images(self._seen), _images(picture.frame), strict=True):
            _renew(old, new, hidden[::down, ::across], x // across, y // down)
        _renew(self._known, np.True_, hidden, x, y)
        _renew(self._made, np.False_, hidden, x, y)

    def _keep(self, pixels: Pixels, made: Hole, box: Box) -> None:
        """Hold what was made of a box for a while as if it had been seen: it is steady then, and costs nothing."""
        assert self._seen is not None
        lay = layout(self._seen.format.pixel_format)
        words = pack(pixels, self._seen.format).reshape(pixels.shape) << lay.up
        for letters, (image, (across, down)) in zip(lay.planes, _images(self._seen), strict=True):
            where = made[::down, ::across]
            part_of = image[box.y // down :, box.x // across :][: where.shape[0], : where.shape[1]]
            for place, letter in enumerate(letters):
                if letter in lay.components:
                    part_of[..., place][where] = words[::down, ::across, lay.components.index(letter)][where]
        self._known[part(box)] |= made
        self._made[part(box)] |= made

    def _lighten(self, seen: Frame) -> None:
        """Make what was seen lighter by whole words; what is less waits."""
        lay = layout(seen.format.pixel_format)
        unit, top = 1 << (lay.bits - 8), (1 << lay.bits) - 1
        steps = np.rint(self._lighter * unit).astype(int)
        self._lighter -= steps / np.float32(unit)
        for letters, (image, _) in zip(lay.planes, _images(seen), strict=True):
            for place, letter in enumerate(letters):
                if letter in lay.components and (step := steps[lay.components.index(letter)]):
                    image[..., place] = np.clip((image[..., place] >> lay.up).astype(int) + step, 0, top) << lay.up


def _is_of_one_place(first: View, view: View) -> bool:
    """Tell whether the camera stands as it stood, as far as that can be told."""
    off = view.grey.astype(np.int16) - first.grey
    both = off[~(first.hole | view.hole)]
    lighter = np.int16(np.median(both)) if both.size else np.int16(0)
    if both.size and float(np.median(np.abs(both - lighter))) > ANOTHER:
        return False
    as_then = np.clip(first.grey + (off - lighter), 0, 255).astype(np.uint8)  # other light is taken for motion
    now = replace(view, grey=as_then)
    camera = camera_between(first, now)
    stood, moved = (disagreement(first, now, motion, MOST) for motion in (EYE, camera))
    return is_still(camera) or moved > BETTER * stood


def _renew(old: NDArray[np.generic], new: NDArray[np.generic] | np.bool_, hidden: Hole, x: int, y: int) -> None:
    """Replace what is old by what is new, but not where a part at x, y is hidden."""
    part_of = old[y : y + hidden.shape[0], x : x + hidden.shape[1]]
    kept = part_of[hidden]
    old[...] = new
    part_of[hidden] = kept


def _images(frame: Frame) -> list[tuple[Plane, tuple[int, int]]]:
    """Return every plane as (rows, columns, letters), and the pixels across and down that one of its samples is for."""
    lay = layout(frame.format.pixel_format)
    return [
        (plane.reshape(plane.shape[0], -1, len(letters)), lay.grid if letters[0] in "UV" else (1, 1))
        for letters, plane in zip(lay.planes, frame.planes, strict=True)
    ]

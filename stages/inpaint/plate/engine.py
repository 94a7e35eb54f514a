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
from stages.pixels import Pixels, layout
from transport.messages import Box, Frame, Plane

ANOTHER: Final = 10.0  # levels by which half of a view differs, the light aside, where it shows another place
EVERY: Final = 5  # frames: of so many one is checked, and a camera that has moved must have stood still for so long
MOST: Final = 8  # levels that count of a difference: a thing that goes by is not to be louder than the place
BETTER: Final = 0.7  # of the difference between two views is left, at most, where it was the camera that moved

Hole = NDArray[np.bool_]  # (h, w)


class Plate:
    """Fills from what it has seen, which outlives chunks, but neither a shot nor any motion of the camera."""

    def __init__(self) -> None:
        self._seen: Frame | None = None  # as the latest frame, its planes our own
        self._shot = self._due = 0  # frame that is to be checked
        self._sure = False  # that the camera stands still
        self._known: Hole  # where anything was seen
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
            pixels[known] = clean_box(self._seen, around)[known]
            hole &= ~known
        if hole.any():
            pixels = filled_in(pixels, hole, now.format, SIDE)
        box = now.mask.box
        y, x = box.y - around.y, box.x - around.x
        return pixels[y : y + box.height, x : x + box.width]

    def see(self, picture: Picture) -> None:
        """Take in what a frame shows beside its hole; one that is not newer than the latest shows nothing."""
        frame, here = picture.frame, self._seen if picture.shot == self._shot else None
        if here is not None and frame.seq <= here.seq:
            return
        if here is None or frame.seq >= self._due:
            self._due = frame.seq + EVERY
            here = self._checked(here, look(picture, SIDE), frame)
        shown = ~covered(picture, Box(x=0, y=0, width=frame.format.width, height=frame.format.height))
        for (old, (across, down)), (new, _) in zip(_images(here), _images(frame), strict=True):
            np.copyto(old, new, where=shown[::down, ::across, None])
        self._known |= shown
        self._seen, self._shot = replace(frame, planes=here.planes), picture.shot

    def _checked(self, here: Frame | None, view: View, frame: Frame) -> Frame:
        """Return what was seen, as light as it would be now; where this is another place, nothing yet."""
        self._sure = here is not None and _is_of_one_place(self._first, view)
        if here is None or not self._sure:
            here = replace(frame, planes=tuple(np.zeros_like(plane) for plane in frame.planes))
            self._known = np.zeros((frame.format.height, frame.format.width), np.bool_)
            self._first = self._latest = view
            self._lighter = np.zeros(view.colours.shape[2], np.float32)
        self._lighter += lighter_by(self._latest, view, EYE)
        self._lighten(here)
        self._latest = view
        return here

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


def _images(frame: Frame) -> list[tuple[Plane, tuple[int, int]]]:
    """Return every plane as (rows, columns, letters), and the pixels across and down that one of its samples is for."""
    lay = layout(frame.format.pixel_format)
    return [
        (plane.reshape(plane.shape[0], -1, len(letters)), lay.grid if letters[0] in "UV" else (1, 1))
        for letters, plane in zip(lay.planes, frame.planes, strict=True)
    ]

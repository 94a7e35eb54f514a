"""The default engine: a window of pictures in, the pixels that fill the hole of one of them out."""

from collections.abc import Sequence
from functools import partial
from itertools import takewhile

import numpy as np
from numpy.typing import NDArray

from stages.inpaint.cells import hole_cells
from stages.inpaint.engine import EngineKind, EngineOptions, Picture, Reach
from stages.inpaint.propagate.follow import Points, Trail, ahead, behind
from stages.inpaint.propagate.fuse import Canvas, Shown, canvas_of, fuse
from stages.inpaint.propagate.images import Floats, Known
from stages.inpaint.propagate.invent import CONTEXT, invent
from stages.inpaint.propagate.motion import Motion
from stages.inpaint.propagate.pointers import INVENTED, Pointers, into, nowhere
from stages.inpaint.propagate.ring import PAST, Ring
from stages.inpaint.propagate.seam import relight, stale, unseam
from stages.inpaint.propagate.view import small_size
from stages.pixels import Pixels, frame_bytes, layout
from transport.messages import PictureFormat

WARM_UP = 12  # frames


class Propagate:
    """Fills the holes of one shot; its state is the ring, the motion within the window, and the last pointers."""

    def __init__(self) -> None:
        self._ring = Ring()
        self._motion = Motion()
        self._trail: Trail | None = None

    @property
    def frames_held(self) -> int:
        """Frames that the state refers to, those of the window among them."""
        return len(self._ring)

    def fill(self, window: Sequence[Picture]) -> Pixels:
        """Return (h, w, C) pixels for the mask's box of the second picture."""
        now = window[1]
        pictures = _consecutive(window)
        self._motion.see(pictures)
        self._ring.see(pictures, now.seq)
        points = _points(now)
        canvas = canvas_of(now, points, CONTEXT)
        if not points.rows.size:
            return _cut(canvas, points)
        seqs = [picture.seq for picture in pictures]
        past = behind(points, seqs[0], self._trail, self._motion, self._ring) if seqs[0] < now.seq else None
        future = ahead(points, seqs[seqs.index(now.seq) :], self._motion, self._ring)
        shown = fuse(canvas, points, past or nowhere(points.rows.size), future, self._ring)
        painted, pointers = _complete(now.seq, canvas, points, shown)
        pixels = _cut(
            Canvas(box=canvas.box, pixels=painted, hole=canvas.hole, rows=canvas.rows, columns=canvas.columns), points
        )
        self._ring.keep(now.seq, pixels)
        self._trail = Trail(seq=now.seq, points=points, pointers=pointers)
        return pixels


def _consecutive(window: Sequence[Picture]) -> list[Picture]:
    """Return the window without the mirror images at its ends."""
    now = window[1].seq
    before = [picture for picture in window[:1] if picture.seq == now - 1]
    after = takewhile(lambda pair: pair[1].seq == now + pair[0], enumerate(window[1:]))
    return before + [picture for _, picture in after]


def _points(picture: Picture) -> Points:
    rows, columns = np.nonzero(hole_cells(picture))
    return Points(box=picture.mask.box, rows=rows, columns=columns)


def _complete(seq: int, canvas: Canvas, points: Points, shown: Shown) -> tuple[Floats, Pointers]:
    """Paint what is shown, invent the rest, and return the canvas and where each pixel is to be found from now on."""
    painted = canvas.pixels.copy()
    painted[canvas.rows, canvas.columns] = shown.pixels
    pointers = shown.pointers
    settled, new = _image(canvas, pointers.invented), _image(canvas, ~pointers.valid)
    made_up = settled | new
    if not made_up.any():
        return painted, pointers
    new |= stale(painted, settled, ~made_up)
    if new.all():
        painted = canvas.pixels
    elif new.any():
        painted = invent(painted, new, ~made_up)
    painted = unseam(relight(painted, made_up & ~new, ~made_up), new, ~new)
    fresh = np.flatnonzero(new[canvas.rows, canvas.columns])
    here = into(seq, points.x[fresh], points.y[fresh], np.full(fresh.size, INVENTED, np.float32))
    here.kept[:] = True
    pointers.put(fresh, here)
    return painted, pointers


def _image(canvas: Canvas, chosen: NDArray[np.bool_]) -> Known:
    """Return what is chosen of the hole's pixels as an image."""
    image: Known = np.zeros(canvas.hole.shape, np.bool_)
    image[canvas.rows, canvas.columns] = chosen
    return image


def _cut(canvas: Canvas, points: Points) -> Pixels:
    """Return the mask's box of a canvas."""
    x, y = points.box.x - canvas.box.x, points.box.y - canvas.box.y
    return canvas.pixels[y : y + points.box.height, x : x + points.box.width]


def propagate(options: EngineOptions) -> EngineKind:
    """Return the engine: it looks at the frame before, and as far ahead as it may."""
    reach = Reach(offsets=tuple(range(-1, options.look_ahead + 1)), warm_up=WARM_UP)
    return EngineKind(reach=reach, state_bytes=partial(state_bytes, reach), start=Propagate)


def state_bytes(reach: Reach, picture: PictureFormat) -> int:
    """Return what the state weighs at most: when every picture is all hole."""
    pixels = picture.width * picture.height
    lay = layout(picture.pixel_format)
    fill = pixels * np.dtype(lay.dtype).itemsize * len(lay.components)
    ring = PAST * (frame_bytes(picture) + fill) + fill + len(reach.offsets) * pixels + PAST * pixels
    trail = pixels * (4 + 1 + 3 * 4 + 2 * 8)  # seq, kept, three floats; row and column
    small = small_size(picture)
    motion = len(reach.offsets) * small[0] * small[1] * (2 + 2 * 2 * 4)  # a view; a flow each way
    return ring + trail + motion

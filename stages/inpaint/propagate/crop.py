"""A part of a frame, small and at full size, into a record and out of it."""

import struct
from dataclasses import dataclass, replace
from math import ceil

import numpy as np

from stages.inpaint.cells import covered
from stages.inpaint.engine import Picture
from stages.inpaint.propagate.images import Bytes, Known, part
from stages.inpaint.propagate.records import Cursor, packed, squeezed
from stages.inpaint.propagate.sizes import small_size
from stages.inpaint.propagate.view import View
from stages.pixels import align, layout, plane_shapes
from transport.messages import Box, Frame, Mask, MaskedFrame, PictureFormat, Plane

_HEAD = struct.Struct("<8I")  # the box in small pixels, and in pixels


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Crop:
    """What a frame shows in a box."""

    small: Box  # small pixels
    colours: Bytes  # (small.height, small.width, C)
    hole: Known  # (small.height, small.width), where nothing is to be taken from
    box: Box  # pixels, on the chroma grid; encloses the small box
    picture: Picture  # the box as a picture of its own: its planes, and its part of the mask

    @property
    def size(self) -> int:
        """Bytes that are held."""
        planes = sum(plane.nbytes for plane in self.picture.frame.planes)
        return planes + self.colours.nbytes + self.hole.nbytes + self.picture.mask.alpha.nbytes


def cut(picture: Picture, view: View, small: Box) -> Crop:
    """Cut a box of small pixels out of a frame."""
    box = _full(small, view.scale, picture.format)
    return Crop(
        small=small,
        colours=np.ascontiguousarray(view.colours[part(small)]),
        hole=np.ascontiguousarray(view.closed[part(small)]),
        box=box,
        picture=_picture(picture.seq, picture.format, box, _planes(picture.frame, box), covered(picture, box)),
    )


def put_crop(crop: Crop) -> list[bytes]:
    """Return a crop as the last parts of a record."""
    numbers = [number for box in (crop.small, crop.box) for number in (box.x, box.y, box.width, box.height)]
    gone = crop.picture.mask.alpha > 0
    planes = [squeezed(plane) for plane in crop.picture.frame.planes]
    return [_HEAD.pack(*numbers), squeezed(crop.colours), packed(crop.hole), packed(gone), *planes]


def get_crop(cursor: Cursor, seq: int, picture: PictureFormat) -> Crop:
    """Read a crop of frame `seq` off a record."""
    numbers = cursor.numbers(_HEAD)
    small, box = (Box(x=x, y=y, width=w, height=h) for x, y, w, h in (numbers[:4], numbers[4:]))
    lay = layout(picture.pixel_format)
    width, height = small_size(picture)
    cursor.expect(
        small.x + small.width <= width and small.y + small.height <= height
        and box.x + box.width <= picture.width and box.y + box.height <= picture.height,
        "its crop lies outside the picture",
    )  # fmt: skip
    colours = cursor.array(np.uint8, small.height, small.width, len(lay.components))
    hole, gone = cursor.bits(small.height, small.width), cursor.bits(box.height, box.width)
    shapes = plane_shapes(replace(picture, width=box.width, height=box.height))
    planes = tuple(cursor.array(lay.dtype, *shape) for shape in shapes)
    return Crop(small=small, colours=colours, hole=hole, box=box, picture=_picture(seq, picture, box, planes, gone))


def _full(small: Box, scale: tuple[float, float], picture: PictureFormat) -> Box:
    """Return the box of pixels that encloses a box of small pixels."""
    x, y = int(small.x * scale[0]), int(small.y * scale[1])
    right = min(ceil((small.x + small.width) * scale[0]), picture.width)
    bottom = min(ceil((small.y + small.height) * scale[1]), picture.height)
    return align(Box(x=x, y=y, width=right - x, height=bottom - y), picture)


def _planes(frame: Frame, box: Box) -> tuple[Plane, ...]:
    """Return an aligned box of a frame's own planes."""
    lay = layout(frame.format.pixel_format)
    planes: list[Plane] = []
    for letters, plane in zip(lay.planes, frame.planes, strict=True):
        across, down = lay.shift if letters[0] in "UV" else (0, 0)
        left, right = (box.x >> across) * len(letters), -(-(box.x + box.width) >> across) * len(letters)
        own: Plane = plane[box.y >> down : -(-(box.y + box.height) >> down), left:right].copy()
        planes.append(own)
    return tuple(planes)


def _picture(seq: int, picture: PictureFormat, box: Box, planes: tuple[Plane, ...], gone: Known) -> Picture:
    own = replace(picture, width=box.width, height=box.height)
    frame = Frame(seq=seq, pts=0, duration=0, key=False, format=own, planes=planes)
    whole = Box(x=0, y=0, width=box.width, height=box.height)
    mask = Mask(box=whole, alpha=gone.astype(np.uint8) * np.uint8(255))
    return Picture(MaskedFrame(frame=frame, mask=mask, shot=0, emit=False))

"""A hole in, the part of the picture that the network is shown of it out, and how large it is shown.

A region is kept as long as it will do: while it stays, what the network has seen and said of it stays true.
"""

from typing import Final

from stages.inpaint.cells import grow
from stages.inpaint.region import Region, widened
from stages.pixels import align, layout
from transport.messages import Box, PictureFormat

STRIDE: Final = 32  # pixels; stages.nets.vinet.net.STRIDE, which needs torch
CONTEXT: Final = 0.5  # of the hole's longer side, to be seen on every side of it
LEAST: Final = 224  # pixels along each side, where the picture has as many: the flow searches far
SPARE: Final = 1.5  # times the sides that would do, beyond which a region is too large


def longest_for(trained: int, working: int) -> int:
    """Return how many pixels the network is shown along a side at most; 0: as many as it was trained with."""
    return max((working or trained) // STRIDE, 1) * STRIDE


def region_for(hole: Box, picture: PictureFormat, longest: int) -> Region:
    """Return what is to be shown of a hole."""
    margin = round(CONTEXT * max(hole.width, hole.height))
    across, down = layout(picture.pixel_format).grid
    x, width = _around(hole.x, hole.width, margin, picture.width, across)
    y, height = _around(hole.y, hole.height, margin, picture.height, down)
    box = align(Box(x=x, y=y, width=width, height=height), picture)
    across, down = size_of(box.width, box.height, longest)
    return Region(box=box, width=across, height=down)


def serves(region: Region, hole: Box, picture: PictureFormat, wanted: Region) -> bool:
    """Tell whether a region still shows enough around a hole, for which `wanted` would be made, and not too much."""
    margin = round(CONTEXT * max(hole.width, hole.height)) // 2
    small = region.box.width <= SPARE * wanted.box.width and region.box.height <= SPARE * wanted.box.height
    return small and _within(grow(hole, margin, picture), region.box)


def size_of(width: int, height: int, longest: int) -> tuple[int, int]:
    """Return the size, in multiples of STRIDE, at which so many pixels are shown: shrunk if need be, never enlarged."""
    scale = min(longest / max(width, height), 1) / STRIDE
    return max(int(width * scale + 0.5), 1) * STRIDE, max(int(height * scale + 0.5), 1) * STRIDE


def largest(picture: PictureFormat, longest: int) -> int:
    """Return how many pixels the network is shown at once at most, whatever the hole."""
    across, down = (min(-(-side // STRIDE) * STRIDE, longest) for side in (picture.width, picture.height))
    return across * down


def _around(low: int, length: int, margin: int, limit: int, cell: int) -> tuple[int, int]:
    """Return where a stretch around another begins, and how long it is: a multiple of STRIDE where there is room."""
    start, wanted = widened(low, length, max(-(-(length + 2 * margin) // STRIDE) * STRIDE, LEAST), limit)
    start -= start % cell
    return start, max(wanted, min(low + length + margin, limit) - start)  # the last cell of an odd size is half of one


def _within(inner: Box, outer: Box) -> bool:
    left, top = inner.x >= outer.x, inner.y >= outer.y
    right, bottom = inner.x + inner.width <= outer.x + outer.width, inner.y + inner.height <= outer.y + outer.height
    return left and top and right and bottom

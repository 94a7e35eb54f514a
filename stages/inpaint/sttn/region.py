"""A hole in, the part of the picture that the network is to be shown of it out, and how large it is shown.

The network takes multiples of CELL pixels. As many of them as it was trained with, 9 by 5, are laid over the hole and
its surroundings in whatever shape shows them largest: what is not shrunk stays sharp.
"""

from math import ceil
from typing import Final

from stages.inpaint.region import Region, widened
from stages.pixels import align
from transport.messages import Box, PictureFormat

CELL: Final = 48  # pixels; stages.nets.sttn.CELL, which needs torch
TRAINED: Final = (9, 5)  # cells across and down: 432x240
CONTEXT: Final = 0.25  # of the hole's longer side, to be seen on every side of it; more is paid for in sharpness
LEAST: Final = 5 * CELL  # pixels along each side, where the picture has as many: a small hole is cheap to see more of
STEPS: Final = 32  # in which a region moves along the longer side of the picture; while it stays, features stay true
ROUNDING: Final = 1e-9  # so that a width divided by its own quotient is not a cell more


def region_for(hole: Box, picture: PictureFormat, working: int = 0) -> Region:
    """Return what is to be shown of a hole, `working` pixels long at most; 0: as large as the network was trained."""
    step = -(-max(picture.width, picture.height) // STEPS)
    margin = round(CONTEXT * max(hole.width, hole.height))
    x, width = _around(hole.x - margin, hole.x + hole.width + margin, step, picture.width)
    y, height = _around(hole.y - margin, hole.y + hole.height + margin, step, picture.height)
    across, down = cells_for(width, height, working)
    scale = max(width / across, height / down, CELL)  # pixels of the picture to a cell: never enlarged without need
    x, width = widened(x, width, round(across * scale), picture.width)
    y, height = widened(y, height, round(down * scale), picture.height)
    box = align(Box(x=x, y=y, width=width, height=height), picture)
    return Region(box=box, width=CELL * across, height=CELL * down)


def cells_for(width: int, height: int, working: int = 0) -> tuple[int, int]:
    """Return how many cells across and down show so many pixels largest, of all that are not too many."""
    longest, most = _limits(working)
    shapes = ((across, min(longest, most // across)) for across in range(1, min(longest, most) + 1))
    scale = max(CELL, min(max(width / across, height / down) for across, down in shapes))
    return ceil(width / scale - ROUNDING), ceil(height / scale - ROUNDING)


def most_cells(width: int, height: int, working: int = 0) -> int:
    """Return how many cells any region of a picture has at most."""
    return min(_limits(working)[1], -(-width // CELL) * -(-height // CELL))


def _limits(working: int) -> tuple[int, int]:
    """Return how many cells there may be along a side, and in all."""
    longest = max(working // CELL, 1) if working else TRAINED[0]
    return longest, max(TRAINED[0] * TRAINED[1] * longest**2 // TRAINED[0] ** 2, 1)


def _around(low: int, high: int, step: int, limit: int) -> tuple[int, int]:
    """Return where a stretch begins, and how long it is: its ends moved outwards to the next steps, LEAST apart."""
    low, high = max(low // step * step, 0), min(-(-high // step) * step, limit)
    return widened(low, high - low, LEAST, limit)

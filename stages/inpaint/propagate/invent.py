"""A picture with a part that no frame has shown in, places to copy something plausible from out.

Structure first, texture after: patches of the surroundings are matched at a reduced size, coarse to fine. Whole pixels
are copied from where the patches came from, so that nothing is averaged and the grain is kept.
"""

import cv2
import numpy as np

from stages.inpaint.propagate.harmonic import extend
from stages.inpaint.propagate.images import (
    Floats,
    Known,
    averaged,
    bounds,
    depth,
    grown,
    narrowed,
    over,
    part,
    reduced,
    softened,
    widened,
)
from stages.inpaint.propagate.patchmatch import RADIUS, Field, match

CONTEXT = 70  # small pixels around the unknown ones that are looked at
WORK = 4000  # unknown pixels that are matched at most; more are matched at a smaller size
SPECK = 25  # pixels: a smaller hole is not worth it
NARROW = 28  # pixels a side: a level of less gets no smaller one
THICK = 4  # pixels that a hole is deep where a smaller level is worth it
ROUNDS = (8, 5, 3, 2)  # of search and vote, from the coarsest level to the finest
GRAIN = 1.5  # weight of texture beside colour; it keeps grey mush from matching best
FINE = 9  # pixels over which texture is measured
TONE = 1.0  # weight of tone beside colour
BROAD = 6.0  # pixels over which tone is measured


def invent(pixels: Floats, unknown: Known, source: Known) -> Field:
    """Return (h, w, 2) rows and columns of a source pixel for every unknown one; -1 where there is none.

    `pixels` is (h, w, C), 0 to 255; what is unknown in it is not looked at.
    """
    field = np.full((*unknown.shape, 2), -1, np.int32)
    large = _large(unknown)
    if not large.any():
        return field
    box = grown(bounds(large), CONTEXT, unknown.shape)
    near = part(box)
    found = _searched(np.ascontiguousarray(pixels[near]), unknown[near], source[near] & ~unknown[near])
    if found is not None:
        rows, columns = np.nonzero(large)
        field[rows, columns] = found[rows - box.y, columns - box.x]
        field[field[..., 0] >= 0] += (box.y, box.x)
    return field


def _large(unknown: Known) -> Known:
    _, label, stats, _ = cv2.connectedComponentsWithStats(unknown.astype(np.uint8))
    large = stats[:, cv2.CC_STAT_AREA] >= SPECK
    large[0] = False
    chosen: Known = large[label]
    return chosen


def _searched(pixels: Floats, unknown: Known, source: Known) -> Field | None:
    """Return the source of every pixel, -1 where there is none; None without any source."""
    shrink = 1
    while np.count_nonzero(unknown) > WORK * shrink * shrink:
        shrink *= 2
    features, field = _features(pixels, unknown), None
    for number, size in enumerate(reversed(_sizes(unknown, shrink))):
        field = _matched(features, unknown, source, size, field, ROUNDS[min(number, len(ROUNDS) - 1)])
    return None if field is None else _spelled(field, source, shrink)


def _sizes(unknown: Known, shrink: int) -> list[int]:
    """Return by how much the picture is reduced at every level, finest first, while the hole is thick."""
    sizes, thick = [shrink], float(depth(np.pad(unknown, 1)).max())
    while thick > THICK * sizes[-1] and min(unknown.shape) > NARROW * sizes[-1]:
        sizes.append(2 * sizes[-1])
    return sizes


def _features(pixels: Floats, unknown: Known) -> Floats:
    """Return (h, w, 2 C + 2): the colours; how much they change across and down around every pixel; and their tone.

    Texture and tone of the surroundings go smoothly on into the hole and stay as they are while the colours are sought,
    so that no texture from elsewhere spreads merely because it goes well with itself.
    """
    known = (~unknown).astype(np.float32)
    grey = np.ascontiguousarray(pixels[..., 0] if pixels.shape[2] != 3 else pixels.mean(axis=2))
    across, down = np.zeros_like(grey), np.zeros_like(grey)
    across[:, 1:] = np.abs(np.diff(grey, axis=1)) * known[:, 1:] * known[:, :-1]
    down[1:] = np.abs(np.diff(grey, axis=0)) * known[1:] * known[:-1]
    grain = over(averaged(np.stack([across, down], axis=-1), FINE), averaged(known, FINE))
    tone = over(softened(pixels * known[..., None], BROAD), softened(known, BROAD))
    together = np.concatenate([pixels, np.float32(GRAIN) * grain, np.float32(TONE) * tone], axis=2)
    return extend(together, ~unknown, 2)


def _matched(
    features: Floats, unknown: Known, source: Known, shrink: int, coarse: Field | None, rounds: int
) -> Field | None:
    """Return the field of one level, begun from that of the coarser one."""
    size = max(unknown.shape[1] // shrink, 1), max(unknown.shape[0] // shrink, 1)
    gone = reduced(unknown.astype(np.float32), size) > 0.01
    whole = narrowed(reduced(source.astype(np.float32), size) > 0.99, RADIUS)
    if not whole.any():
        return None
    painted, free = np.ascontiguousarray(reduced(features, size)), (features.shape[2] - 2) // 2
    field = np.full((*gone.shape, 2), -1, np.int32) if coarse is None else _enlarged(coarse, gone.shape)
    if coarse is not None:
        rows, columns = np.nonzero(gone & whole[tuple(_inside(field, gone.shape))])
        painted[rows, columns, :free] = painted[field[rows, columns, 0], field[rows, columns, 1], :free]
    match(painted, free, gone, widened(gone, RADIUS), whole, field, rounds)
    return field


def _enlarged(field: Field, shape: tuple[int, ...]) -> Field:
    """Carry a field of sources over to a level of twice the size."""
    rows, columns = np.indices(shape)
    coarse = field[np.minimum(rows // 2, field.shape[0] - 1), np.minimum(columns // 2, field.shape[1] - 1)]
    return np.where(coarse >= 0, 2 * coarse + np.stack([rows % 2, columns % 2], axis=-1), -1).astype(np.int32)


def _inside(field: Field, shape: tuple[int, ...]) -> tuple[Field, Field]:
    return np.clip(field[..., 0], 0, shape[0] - 1), np.clip(field[..., 1], 0, shape[1] - 1)


def _spelled(field: Field, source: Known, shrink: int) -> Field:
    """Return the field at full size; -1 where it leads to no source."""
    for _ in range(shrink.bit_length() - 1):
        field = _enlarged(field, tuple(2 * side for side in field.shape[:2]))
    rows, columns = np.indices(source.shape)
    whole = field[np.minimum(rows, field.shape[0] - 1), np.minimum(columns, field.shape[1] - 1)]
    good = (whole[..., 0] >= 0) & source[_inside(whole, source.shape)]
    return np.where(good[..., None], whole, -1).astype(np.int32)

"""Where a hole's points are said to be seen in, how much darker it is there and how wrong it may be out.

What is known of the light of whole frames is made up for first. Then each candidate is tested on the band around the
hole, where the truth is known: the places of the nearest points are moved along, and what is seen there is compared
with what there is. Both differences are smoothed and carried inwards.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.compiled import compiled
from stages.inpaint.propagate.follow import Ints, Points
from stages.inpaint.propagate.harmonic import extend
from stages.inpaint.propagate.images import Bytes, Floats, averaged, grown, over, part
from stages.inpaint.propagate.plates import Plates
from stages.inpaint.propagate.pointers import SEEN, Pointers
from stages.inpaint.propagate.sample import clear, take_cubic
from stages.inpaint.propagate.view import View

BAND = 10  # small pixels around the hole that are tested
ENOUGH = 40  # of them must be readable
BRIGHT = 40.0  # levels: a larger difference is another thing, not another light
WORST = 60.0  # levels: larger differences count no more than that
NOISE = 6.0  # levels that a good match may be off by
WORTH = 2 / 2600  # variance per squared level beyond it
SPREAD = 9  # half-size pixels that differences are smoothed over, twice


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Doubt:
    """What the band says about a candidate."""

    lighter: Floats  # (n, C) levels to be added
    variance: Floats  # (n,) to be added


def doubt(view: View, points: Points, pointers: Pointers, plates: Plates, now: int) -> Doubt:
    """Test what is real of a candidate."""
    channels, real = view.colours.shape[2], np.flatnonzero(pointers.real)
    steps = plates.lighter(now)
    lighter = np.where(pointers.real[:, None], steps[pointers.seq % len(steps)], np.float32(0))
    nothing = Doubt(lighter=lighter, variance=np.zeros(points.count, np.float32))
    if not real.size:
        return nothing
    region = grown(view.box, BAND + 6, view.hole.shape)
    rows, columns = points.rows - region.y, points.columns - region.x
    far = np.ones((region.height, region.width), np.uint8)
    far[rows[real], columns[real]] = 0
    distance, label = cv2.distanceTransformWithLabels(far, cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL)
    owner = np.zeros(int(label.max()) + 1, np.int32)
    owner[label[rows[real], columns[real]]] = real
    half = (region.height + 1) // 2, (region.width + 1) // 2
    sums = np.zeros((*half, channels + 3), np.float32)
    tested = _test(
        np.asarray(distance, np.float32), np.asarray(label, np.int32), owner, view.hole[part(region)],
        region.x, region.y,
        points.rows, points.columns, pointers.seq, pointers.kind, pointers.x, pointers.y,
        plates.colours, plates.holes, steps, now % len(plates.seqs), sums,
    )  # fmt: skip
    if tested < ENOUGH:
        return nothing
    field = _spread(sums)[rows // 2, columns // 2]
    wrong = np.maximum(field[:, channels] - np.float32(NOISE), 0)
    return Doubt(lighter=lighter + field[:, :channels], variance=np.float32(WORTH) * wrong**2)


@compiled
def _test(
    distance: Floats, label: Ints, owner: Ints, hole: NDArray[np.bool_], left: int, top: int,
    rows: Ints, columns: Ints, seq: Ints, kind: NDArray[np.uint8], x: Floats, y: Floats,
    colours: NDArray[np.uint8], holes: NDArray[np.bool_], steps: Floats, now: int, sums: Floats,
) -> int:  # fmt: skip
    """Sum up the differences of the band in squares of 2 x 2: signed ones, mild ones, absolute ones, all."""
    slots, channels, tested = colours.shape[0], colours.shape[3], 0
    wide, high = np.empty(4, np.float32), np.empty(4, np.float32)
    seen, truth = np.empty(channels, np.float32), colours[now]
    for row in range(hole.shape[0]):
        for column in range(hole.shape[1]):
            if hole[row, column] or distance[row, column] > BAND:
                continue
            i = owner[label[row, column]]
            there_x = x[i] + (column + left - columns[i])
            there_y = y[i] + (row + top - rows[i])
            slot = seq[i] % slots
            shown = clear(holes[slot], there_x, there_y)
            if shown < 0 or (shown == 0 and kind[i] == SEEN):
                continue
            take_cubic(colours[slot], there_x, there_y, wide, high, seen)
            seen += steps[slot]
            worst, total = np.float32(0), np.float32(0)
            for c in range(channels):
                off = abs(truth[row + top, column + left, c] - seen[c])
                worst, total = max(worst, off), total + off
            cell = sums[row // 2, column // 2]
            if worst < BRIGHT:
                for c in range(channels):
                    cell[c] += truth[row + top, column + left, c] - seen[c]
                cell[channels] += 1
            cell[channels + 1] += min(total / channels, np.float32(WORST))
            cell[channels + 2] += 1
            tested += 1
    return tested


def _spread(sums: Floats) -> Floats:
    """Return (h, w, C + 1): the signed differences and the absolute ones, smoothed, and extended over everything."""
    parts = [np.ascontiguousarray(sums[..., :-3]), np.ascontiguousarray(sums[..., -3:])]
    soft, rest = (averaged(averaged(part, SPREAD), SPREAD) for part in parts)
    wrong = over(rest[..., 1:2], rest[..., 2])
    field = np.concatenate([over(soft, rest[..., 0]), wrong], axis=2)
    return extend(field, (sums[..., -3] >= 2) | (sums[..., -1] >= 2), 1)


def read(pointers: Pointers, plates: Plates) -> Floats:
    """Return the (n, C) small colours that pointers point at, 0 to 255; zero where they point nowhere."""
    colours = np.zeros((pointers.seq.size, plates.colours.shape[3]), np.float32)
    _read(pointers.seq, pointers.x, pointers.y, plates.colours, colours)
    return colours


@compiled
def _read(seq: Ints, x: Floats, y: Floats, images: Bytes, colours: Floats) -> None:
    wide, high = np.empty(4, np.float32), np.empty(4, np.float32)
    for i in range(seq.size):
        if seq[i] >= 0:
            take_cubic(images[seq[i] % images.shape[0]], x[i], y[i], wide, high, colours[i])

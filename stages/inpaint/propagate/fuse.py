"""Candidates in, the small colours of the hole with the least squared error out: `--fill faithful`.

Every candidate's squared error is estimated from how far its motion was followed and how it did on the band around the
hole; candidates are weighed by it, against each other and against a smooth fill.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stages.inpaint.propagate.doubt import doubt, read
from stages.inpaint.propagate.follow import Past, Points
from stages.inpaint.propagate.harmonic import extend
from stages.inpaint.propagate.images import Floats, grown, part
from stages.inpaint.propagate.plates import Plates
from stages.inpaint.propagate.pointers import NOWHERE, Pointers, nowhere
from stages.inpaint.propagate.seam import Source, joined
from stages.inpaint.propagate.view import View

SHARP = 120.0  # squared levels that a moved pixel is off by at least
STILL = 4.0  # one that did not move
MOVED = 0.02  # variance from which on it has moved
SLOPE = 2600.0  # squared levels per small pixel squared of variance
WORST = 4000.0  # no candidate is worse than that
LIMIT = 4.0  # of a candidate's variance: beyond it it is none
BLEND = 1.5  # power of the squared error that candidates are weighed by
SMOOTH = 1700.0  # squared levels that a smooth fill is off by
BEFORE = 2600.0  # that the last frame's fill is off by
QUIET = 1.0  # levels: a smaller change of light is left alone, so that what stands still keeps its bits
RIM = 8  # small pixels around the hole that a smooth fill looks at


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidate:
    """One offer for every point."""

    pointers: Pointers
    seen: Floats  # (n, C) small colours as they are there
    lighter: Floats  # (n, C) levels that make them as bright as their surroundings
    weight: Floats  # (n,) inverse power of the squared error, 0 where there is none


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mixture:
    """What is shown at every point."""

    colours: Floats  # (n, C) small colours, 0 to 255
    parts: list[Source]  # what it is made of, weighed by its share
    pointers: Pointers  # where the points are to be found from now on


def candidate(view: View, points: Points, pointers: Pointers, plates: Plates, now: int) -> Candidate:
    """Read what pointers point at, test it, and weigh it."""
    tested, real = doubt(view, points, pointers, plates, now), pointers.real
    lighter = np.where(real[:, None], tested.lighter, np.float32(0))
    still = pointers.variance == 0
    lighter[still] = np.sign(lighter[still]) * np.maximum(np.abs(lighter[still]) - np.float32(QUIET), 0)
    variance = pointers.variance + tested.variance
    least = np.float32(STILL) + np.float32(SHARP - STILL) * np.minimum(variance / np.float32(MOVED), 1)
    error = np.minimum(least + np.float32(SLOPE) * variance, np.float32(WORST))
    weight = np.where(real & (variance < LIMIT), error ** np.float32(-BLEND), np.float32(0))
    return Candidate(pointers=pointers, seen=read(pointers, plates), lighter=lighter, weight=weight)


def blended(
    view: View, points: Points, candidates: list[Candidate], past: Past | None, plates: Plates, now: int
) -> Mixture:
    """Return the colours with the least squared error: doubtful ones fade into a smooth fill and the last one."""
    total, seen = mean_of(candidates)
    smooth = np.float32(SMOOTH**-BLEND)
    before = np.zeros(points.count, np.float32)
    if past is not None:
        before[past.there] = BEFORE**-BLEND
    share = np.asarray(total / (total + smooth + before), np.float32)
    fill = smooth_fill(view, points, seen, share > 0.5)
    if past is not None:
        fill = (smooth * fill + before[:, None] * _last(past, plates)) / (smooth + before)[:, None]
    sure = share > 0.5
    sources = [
        Source(pointers=each.pointers, seen=each.seen, weight=np.where(sure, each.weight, np.float32(0)))
        for each in candidates
    ]
    colours = joined(view, points, share[:, None] * seen + (1 - share)[:, None] * fill, sources, plates, now)
    whole = np.asarray(share / np.maximum(total, np.float32(1e-20)), np.float32)
    parts = [Source(pointers=each.pointers, seen=each.seen, weight=whole * each.weight) for each in candidates]
    return Mixture(colours=np.clip(colours, 0, 255), parts=parts, pointers=first_real(candidates))


def plain(view: View, points: Points, past: Past | None) -> Mixture:
    """Return a smooth fill, for a picture that is too flat to have anything from elsewhere in it."""
    nothing = np.zeros((points.count, view.colours.shape[2]), np.float32)
    colours = smooth_fill(view, points, nothing, np.zeros(points.count, np.bool_))
    pointers = past.pointers if past is not None else nowhere(points.count)
    parts = [Source(pointers=pointers, seen=nothing, weight=nothing[:, 0])]
    return Mixture(colours=colours, parts=parts, pointers=pointers)


def mean_of(candidates: list[Candidate]) -> tuple[Floats, Floats]:
    """Return the (n,) sum of the weights and the (n, C) weighted mean of the colours."""
    total = np.sum([each.weight for each in candidates], axis=0, dtype=np.float32)
    parts = [each.weight[:, None] * (each.seen + each.lighter) for each in candidates]
    colours = np.sum(parts, axis=0, dtype=np.float32) / np.maximum(total, np.float32(1e-20))[:, None]
    return np.asarray(total, np.float32), np.asarray(colours, np.float32)


def first_real(candidates: list[Candidate]) -> Pointers:
    """Return for every point the first candidate's pointer that is real, else the first candidate's."""
    pointers = candidates[0].pointers.copy()
    for each in candidates[1:]:
        pointers.put(~pointers.real & each.pointers.real, each.pointers)
    return pointers


def smooth_fill(view: View, points: Points, colours: Floats, sure: NDArray[np.bool_]) -> Floats:
    """Return (n, C) colours that flow together from the rim of the hole and from the points that are sure."""
    region = grown(view.box, RIM, view.hole.shape)
    canvas, known = view.colours[part(region)].astype(np.float32), ~view.hole[part(region)]
    rows, columns = points.rows - region.y, points.columns - region.x
    if not known.any() and not sure.any():
        return canvas[rows, columns]
    canvas[rows[sure], columns[sure]] = colours[sure]
    known[rows[sure], columns[sure]] = True
    return extend(canvas, known, 3)[rows, columns]


def _last(past: Past, plates: Plates) -> Floats:
    """Return the (n, C) small colours that were shown where the points were one frame ago."""
    pointers = past.pointers
    seq = np.where(past.there, np.int32(past.seq), np.int32(NOWHERE))
    there = Pointers(seq=seq, kind=pointers.kind, x=past.x, y=past.y, variance=pointers.variance)
    return read(there, plates)

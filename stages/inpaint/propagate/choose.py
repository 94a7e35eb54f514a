"""Candidates in, small colours of the hole that look like a picture out: `--fill sharp`.

What frames have shown is shown where it is sure enough, one candidate at every point; the rest is invented once, by
copying from the surroundings, and carried along from then on.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from stages.inpaint.propagate.doubt import read
from stages.inpaint.propagate.follow import Points
from stages.inpaint.propagate.fuse import BLEND, SMOOTH, Candidate, Mixture, first_real, smooth_fill
from stages.inpaint.propagate.images import Floats, Known, averaged, over, softened
from stages.inpaint.propagate.invent import invent
from stages.inpaint.propagate.plates import Plates
from stages.inpaint.propagate.pointers import INVENTED, NOWHERE, Pointers
from stages.inpaint.propagate.seam import Source, joined
from stages.inpaint.propagate.view import View

ENOUGH = 0.3  # share that what was seen must have beside a smooth fill to be shown
HARD = 2.0  # power by which the better candidate is preferred
SPECK = 5  # small pixels: the side of the square that decides together
DRAWN = 1.0  # of its tone that what is made up gives up for that of its surroundings
BROAD = 6.0  # small pixels over which tone is measured
CALM = 5.0  # levels: smaller changes around it are followed slowly by what is made up, lest it flicker
CREEP = 0.25  # of such a change that it follows in a frame
MADE_UP = np.float32(0.5)  # variance of what is invented

Chosen = NDArray[np.bool_]  # (n,)


def chosen(
    view: View, points: Points, candidates: list[Candidate], alike: Callable[[], Known], plates: Plates, now: int
) -> Mixture:
    """Return real candidates where they are sure enough, old inventions where they go on, and new ones elsewhere."""
    shares, seen = _decided(candidates)
    total = np.sum([each.weight for each in candidates], axis=0, dtype=np.float32)
    sure = np.asarray(total / (total + np.float32(SMOOTH**-BLEND)) > ENOUGH)
    real = _together(points, sure) & (total > 0)
    made_up = candidates[0].pointers.copy()  # the past's
    made_up.seq[real | ~made_up.invented] = NOWHERE
    new = ~real & ~made_up.invented
    before = read(made_up, plates)
    colours = np.where(real[:, None], seen, before)
    smooth = smooth_fill(view, points, colours, real) if not real.all() else colours
    if new.any():
        colours = np.where(new[:, None], smooth, colours)
        colours = _with_new(view, points, colours, made_up, new, alike(), plates, now)
    sources = [
        Source(pointers=each.pointers, seen=each.seen, weight=share * real)
        for each, share in zip(candidates, shares, strict=True)
    ]
    copied = read(made_up, plates) if new.any() else before
    sources.append(Source(pointers=made_up, seen=copied, weight=made_up.invented.astype(np.float32)))
    for _ in range(2 if new.any() else 1):  # what is new is to lie as still from now on as what is old
        colours = joined(view, points, _toned(view, points, colours, smooth, ~real), sources, plates, now)
        sources[-1] = replace(sources[-1], seen=np.where(real[:, None], copied, colours))
    sources[-1] = replace(sources[-1], seen=copied)
    settled = made_up.invented & ~new
    colours[settled] = _calm(colours[settled], before[settled])
    colours = np.clip(colours, 0, 255)
    pointers = first_real(candidates)
    pointers.put(~real, made_up)
    _settle(pointers, points, new, now)
    return Mixture(colours=colours, parts=sources, pointers=pointers)


def _decided(candidates: list[Candidate]) -> tuple[list[Floats], Floats]:
    """Return the (n,) shares of the candidates, nearly all of it with the best, and the (n, C) colours they give."""
    weights = [each.weight**HARD for each in candidates]
    total = np.maximum(np.sum(weights, axis=0, dtype=np.float32), np.float32(1e-30))
    shares = [np.asarray(weight / total, np.float32) for weight in weights]
    colours = [share[:, None] * (each.seen + each.lighter) for share, each in zip(shares, candidates, strict=True)]
    return shares, np.sum(colours, axis=0, dtype=np.float32)


def _together(points: Points, choice: Chosen) -> Chosen:
    """Take specks out of a choice; what lies around the hole counts as chosen, so that a narrow strip is no speck."""
    image = np.where(points.index < 0, np.float32(1), np.float32(0))
    image[points.rows, points.columns] = choice
    smooth: Chosen = (averaged(image, SPECK) > 0.5)[points.rows, points.columns]
    return smooth


def _with_new(
    view: View, points: Points, colours: Floats, made_up: Pointers, new: Chosen, alike: Known, plates: Plates, now: int
) -> Floats:
    """Return the colours with the new ones invented; note in `made_up` where in this very frame they come from."""
    canvas, unknown = view.colours.astype(np.float32), np.zeros(view.hole.shape, np.bool_)
    canvas[points.rows, points.columns] = colours
    unknown[points.rows, points.columns] = new
    field = invent(canvas, unknown, alike & ~unknown)[points.rows, points.columns]
    found = new & (field[:, 0] >= 0)
    colours[found] = canvas[field[found, 0], field[found, 1]]
    plates.fill(now, points.rows, points.columns, _bytes(colours))
    made_up.seq[found], made_up.kind[found], made_up.variance[found] = now, INVENTED, MADE_UP
    made_up.y[found], made_up.x[found] = field[found].T
    return colours


def _toned(view: View, points: Points, colours: Floats, smooth: Floats, made_up: Chosen) -> Floats:
    """Return the colours with what is made up drawn towards the tone of a smooth fill."""
    if not made_up.any():
        return colours
    box = view.box
    rows, columns = (points.rows[made_up] - box.y) // 2, (points.columns[made_up] - box.x) // 2
    off = np.zeros(((box.height + 1) // 2, (box.width + 1) // 2, colours.shape[1] + 1), np.float32)
    np.add.at(off, (rows, columns), np.pad((smooth - colours)[made_up], ((0, 0), (0, 1)), constant_values=1))
    soft = softened(off, BROAD / 2)
    colours = colours.copy()
    colours[made_up] += np.float32(DRAWN) * over(soft[..., :-1], soft[..., -1])[rows, columns]
    return colours


def _calm(colours: Floats, before: Floats) -> Floats:
    """Return what was invented before as it was, unless its surroundings want it to change much."""
    change = colours - before
    loud = np.sign(change) * np.maximum(np.abs(change) - np.float32(CALM), 0)
    return np.asarray(before + loud + np.float32(CREEP) * (change - loud), np.float32)


def _settle(pointers: Pointers, points: Points, new: Chosen, now: int) -> None:
    """Let what was invented now be found in this frame's fill from now on."""
    pointers.seq[new], pointers.kind[new], pointers.variance[new] = now, INVENTED, MADE_UP
    pointers.x[new], pointers.y[new] = points.columns[new], points.rows[new]


def _bytes(colours: Floats) -> NDArray[np.uint8]:
    return np.asarray(np.clip(colours + np.float32(0.5), 0, 255), np.uint8)

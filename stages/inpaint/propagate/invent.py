"""A picture with a part that no frame has shown in, something plausible there out.

Patches of the surroundings are sought that go on from what lies around the hole (Wexler, Shechtman and Irani,
Space-time completion of video, 2007; Barnes et al., PatchMatch, 2009), at a reduced size, coarse to fine; then whole
pixels are copied at full size from where the patches came from. Nothing is averaged in the result: it keeps its grain.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

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
    reduced,
    widened,
)

CONTEXT = 64  # pixels around the unknown ones that are looked at
RADIUS = 2  # of a patch, pixels of its level
WORK = 1600  # unknown pixels that are sought at most; more are sought at a smaller size
SPECK = 24  # pixels: a smaller hole is filled smoothly
NARROW = 28  # pixels a side below which no smaller level is made
ROUNDS = (6, 3, 2, 2)  # of search and vote, from the coarsest level to the finest
GRAIN = 1.5  # weight of texture beside colour; it keeps grey mush from matching best
NEAR = 0.15  # cost of a patch per squared pixel of distance; twice that up and down, as scenes are layered

Places = NDArray[np.intp]


def invent(pixels: Floats, unknown: Known, source: Known) -> Floats:
    """Return the (h, w, C) pixels with the unknown ones filled from the source ones around them."""
    around = grown(bounds(unknown), CONTEXT, unknown.shape)
    part = np.s_[around.y : around.y + around.height, around.x : around.x + around.width]
    filled = pixels.copy()
    filled[part] = _fill(np.ascontiguousarray(pixels[part]), unknown[part], source[part])
    return filled


def _fill(pixels: Floats, unknown: Known, source: Known) -> Floats:
    smooth = extend(pixels, ~unknown)
    big = _big(unknown)
    if not big.any() or source.sum() < SPECK:
        return smooth
    shrink = _shrink(int(big.sum()))
    offsets = _search(smooth, big, source & ~unknown, shrink)
    return smooth if offsets is None else _copy(smooth, big, source & ~unknown, offsets, shrink)


def _big(unknown: Known) -> Known:
    _, label, stats, _ = cv2.connectedComponentsWithStats(unknown.astype(np.uint8))
    large = stats[:, cv2.CC_STAT_AREA] >= SPECK
    large[0] = False
    big: Known = large[label]
    return big


def _shrink(count: int) -> int:
    shrink = 1
    while count > WORK * shrink * shrink:
        shrink *= 2
    return shrink


def _search(pixels: Floats, unknown: Known, source: Known, shrink: int) -> NDArray[np.float32] | None:
    """Return (h, w, 2) rows and columns to go to a source, in pixels of the reduced size; None without any source."""
    levels = _levels(_features(pixels, unknown), unknown, source, shrink)
    field: Places | None = None
    random = np.random.default_rng(1)
    for number, level in enumerate(reversed(levels)):
        if field is not None:
            field = _enlarge(field, level.unknown.shape)
            level.painted[level.unknown] = level.painted[tuple(_inside(field, level.unknown.shape)[level.unknown].T)]
        field = _match(level, field, ROUNDS[min(number, len(ROUNDS) - 1)], random)
        if field is None:
            return None
    assert field is not None
    rows, columns = np.indices(field.shape[:2])
    return (field - np.stack([rows, columns], axis=-1)).astype(np.float32)


def _features(pixels: Floats, unknown: Known) -> Floats:
    """Return (h, w, C + 2): the colours, and how much they change across and down around every pixel."""
    known = (~unknown).astype(np.float32)
    grey = np.ascontiguousarray(pixels[..., 0] if pixels.shape[2] != 3 else pixels.mean(axis=2))
    across, down = np.zeros_like(grey), np.zeros_like(grey)
    across[:, 1:] = np.abs(np.diff(grey, axis=1)) * known[:, 1:] * known[:, :-1]
    down[1:] = np.abs(np.diff(grey, axis=0)) * known[1:] * known[:-1]
    grain = over(averaged(np.stack([across, down], axis=-1), 9), averaged(known, 9))
    grain = extend(grain, ~unknown)
    return np.concatenate([pixels, np.float32(GRAIN * 3) * grain], axis=2)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Level:
    painted: Floats  # (h, w, F)
    unknown: Known
    source: Known  # centres of patches that are known as a whole


def _levels(features: Floats, unknown: Known, source: Known, shrink: int) -> list[_Level]:
    """Return the picture at the reduced size, then at half of that, and so on while the hole is thick."""
    levels = [_level(features, unknown, source, shrink)]
    while min(levels[-1].unknown.shape) > 2 * NARROW and _thick(levels[-1].unknown):
        shrink *= 2
        levels.append(_level(features, unknown, source, shrink))
    return levels


def _level(features: Floats, unknown: Known, source: Known, shrink: int) -> _Level:
    size = (max(unknown.shape[1] // shrink, 1), max(unknown.shape[0] // shrink, 1))
    gone = reduced(unknown.astype(np.float32), size) > 0
    clear = reduced(source.astype(np.float32), size) > 0.99
    return _Level(painted=reduced(features, size), unknown=gone, source=narrowed(clear, RADIUS))


def _thick(unknown: Known) -> bool:
    return bool(depth(unknown).max() > 2 * RADIUS)


def _enlarge(field: Places, shape: tuple[int, ...]) -> Places:
    """Carry a field of sources over to a level of twice the size."""
    rows, columns = np.indices(shape)
    coarse = field[np.minimum(rows // 2, field.shape[0] - 1), np.minimum(columns // 2, field.shape[1] - 1)]
    finer: Places = 2 * coarse + np.stack([rows % 2, columns % 2], axis=-1)
    return finer


def _inside(places: Places, shape: tuple[int, ...]) -> Places:
    return np.asarray(np.clip(places, 0, np.array(shape) - 1), np.intp)


def _match(level: _Level, field: Places | None, rounds: int, random: np.random.Generator) -> Places | None:
    """Paint the unknown pixels of a level round by round; return the source of every pixel's patch."""
    sources = np.argwhere(level.source)
    if len(sources) < 4:
        return None
    shape = level.unknown.shape
    near = widened(level.unknown, RADIUS)
    search = _Search(level, np.argwhere(near), sources, random)
    nearest = search.start(field)
    for _ in range(rounds):
        nearest = search.improve(nearest)
        _vote(level, search.targets, nearest, search.cost)
    whole: Places = np.moveaxis(np.indices(shape), 0, -1).copy()
    whole[tuple(search.targets.T)] = nearest
    return whole


class _Search:
    """Looks for the best source of every target: along with its neighbours, and at random."""

    def __init__(self, level: _Level, targets: Places, sources: Places, random: np.random.Generator) -> None:
        self.targets = targets
        self.cost = np.zeros(len(targets), np.float32)
        self._level, self._sources, self._random = level, sources, random
        self._shape = np.array(level.unknown.shape)
        self._index = np.full(level.unknown.shape, -1, np.intp)
        self._index[tuple(targets.T)] = np.arange(len(targets))
        self._patches = _patches(level.painted)

    def start(self, field: Places | None) -> Places:
        """Return the given field where it is possible, else sources by chance."""
        chance = self._sources[self._random.integers(len(self._sources), size=len(self.targets))]
        if field is None:
            return chance
        given = field[tuple(self.targets.T)]
        return np.where(self._possible(given)[:, None], given, chance)

    def improve(self, nearest: Places) -> Places:
        """Return sources that fit no worse."""
        wanted = self._patches_at(self.targets, _patches(self._level.painted))
        nearest = nearest.copy()
        self.cost = self._costs(wanted, self.targets, nearest)
        for step in (1, 3, 1):
            for way in ((0, step), (0, -step), (step, 0), (-step, 0)):
                self._try(wanted, nearest, self._neighbours(nearest, np.array(way)))
        radius = int(self._shape.max())
        while radius >= 1:
            self._try(wanted, nearest, nearest + self._random.integers(-radius, radius + 1, size=nearest.shape))
            radius //= 3
        return nearest

    def _neighbours(self, nearest: Places, way: NDArray[np.intp]) -> Places:
        beside = self.targets + way
        index = self._index[tuple(_inside(beside, self._level.unknown.shape).T)]
        return np.where((index >= 0)[:, None], nearest[index] - way, -1)

    def _try(self, wanted: Floats, nearest: Places, offered: Places) -> None:
        index = np.flatnonzero(self._possible(offered))
        cost = self._costs(wanted[index], self.targets[index], offered[index])
        better = cost < self.cost[index]
        nearest[index[better]] = offered[index[better]]
        self.cost[index[better]] = cost[better]

    def _possible(self, places: Places) -> NDArray[np.bool_]:
        within = ((places >= 0) & (places < self._shape)).all(axis=1)
        possible: NDArray[np.bool_] = within & self._level.source[tuple(_inside(places, self._level.unknown.shape).T)]
        return possible

    def _costs(self, wanted: Floats, targets: Places, places: Places) -> Floats:
        off = wanted - self._patches_at(places, self._patches)
        way = (places - targets).astype(np.float32) ** 2
        cost: Floats = np.einsum("ij,ij->i", off, off) + np.float32(NEAR) * (2 * way[:, 0] + way[:, 1])
        return cost

    def _patches_at(self, places: Places, patches: Floats) -> Floats:
        return patches[places[:, 0], places[:, 1]].reshape(len(places), int(np.prod(patches.shape[2:])))


def _patches(painted: Floats) -> Floats:
    """Return every pixel's patch, (h, w, F, side, side), as a view."""
    padded = np.pad(painted, ((RADIUS, RADIUS), (RADIUS, RADIUS), (0, 0)), mode="edge")
    return np.lib.stride_tricks.sliding_window_view(padded, (2 * RADIUS + 1,) * 2, axis=(0, 1))


def _vote(level: _Level, targets: Places, nearest: Places, cost: Floats) -> None:
    """Repaint every unknown pixel as the patches over it want it, the good ones above all."""
    shape = level.unknown.shape
    weight = np.exp(-np.minimum(cost / (0.1 * np.median(cost) + 1), 60)).astype(np.float32) + np.float32(1e-8)
    total = np.zeros_like(level.painted)
    weights = np.zeros(shape, np.float32)
    for down in range(-RADIUS, RADIUS + 1):
        for across in range(-RADIUS, RADIUS + 1):
            way = np.array((down, across))
            there = targets + way
            good = ((there >= 0) & (there < shape)).all(axis=1)
            rows, columns = there[good].T
            total[rows, columns] += weight[good, None] * level.painted[tuple((nearest[good] + way).T)]
            weights[rows, columns] += weight[good]
    unknown = level.unknown & (weights > 0)
    level.painted[unknown] = total[unknown] / weights[unknown][:, None]


def _copy(pixels: Floats, unknown: Known, source: Known, offsets: NDArray[np.float32], shrink: int) -> Floats:
    """Copy every unknown pixel from its source at full size; what has none there stays as it is."""
    rows, columns = np.nonzero(unknown)
    height, width = offsets.shape[:2]
    way = offsets[np.minimum(rows // shrink, height - 1), np.minimum(columns // shrink, width - 1)] * shrink
    there = np.stack([rows, columns], axis=1) + np.rint(way).astype(np.intp)
    good = ((there >= 0) & (there < unknown.shape)).all(axis=1)
    good &= source[tuple(_inside(there, unknown.shape).T)]
    filled = pixels.copy()
    filled[rows[good], columns[good]] = pixels[there[good, 0], there[good, 1]]
    return filled

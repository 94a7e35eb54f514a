"""The small colours of a hole and where they come from in, the pixels of the hole at full size and depth out.

What the small colours say of light and of what is smooth is enlarged; the detail is sampled once from the frames that
the pointers point into, each component on its own grid.
"""

from dataclasses import dataclass
from typing import cast

import numpy as np

from stages.compiled import Number, compiled
from stages.inpaint.cells import sample_scale
from stages.inpaint.engine import Picture
from stages.inpaint.propagate.crop import Crop
from stages.inpaint.propagate.follow import Ints, Points
from stages.inpaint.propagate.fuse import Mixture
from stages.inpaint.propagate.images import Floats, Grey, Known
from stages.inpaint.propagate.pointers import NOWHERE
from stages.inpaint.propagate.sample import cubic
from stages.inpaint.propagate.view import View
from stages.pixels import Layout, Pixels, component, layout
from transport.messages import PictureFormat, Plane

FAINT = 0.02  # share below which a source is not worth sampling


class Originals:
    """The frames that pointers point into, at full size: an array a component, frame `seq` in slot `seq` modulo slots.

    Under the holes of frames to come lies the enlarged small view, under those of past ones what filled them.
    """

    def __init__(self, picture: PictureFormat, slots: int) -> None:
        lay = layout(picture.pixel_format)
        self.seqs = np.full(slots, NOWHERE, np.int32)
        stacks = (np.empty((slots, *_shape(picture, letter)), lay.dtype) for letter in lay.components)
        self.planes = [cast(Plane, stack) for stack in stacks]

    def add(self, picture: Picture, view: View) -> None:
        """Take a frame in, in place of the one that lies where it belongs."""
        slot = picture.seq % len(self.seqs)
        if self.seqs[slot] == picture.seq:
            return
        self.seqs[slot] = picture.seq
        for index, letter in enumerate(layout(picture.format.pixel_format).components):
            self.planes[index][slot] = component(picture.frame, letter)
            if not picture.mask.empty:
                grid = _grid(picture, letter)
                grid.put(self.planes[index][slot], grid.looked_up(view.colours[..., index], view.scale))

    def put(self, slot: int, crop: Crop, scale: tuple[float, float]) -> None:
        """Lay a part of a frame that is far away into a spare slot."""
        for index, letter in enumerate(layout(crop.picture.format.pixel_format).components):
            grid = _grid(crop.picture, letter)
            samples = component(crop.picture.frame, letter)
            y, x = crop.box.y // grid.down, crop.box.x // grid.across
            there = self.planes[index][slot][y : y + samples.shape[0], x : x + samples.shape[1]]
            there[:] = samples
            grid.put(there, grid.looked_up(crop.colours[..., index], scale))
        self.seqs[slot] = NOWHERE

    def fill(self, picture: Picture, mixture: Mixture, points: Points, view: View) -> Pixels:
        """Return (h, w, C) pixels, 0 to 255, for the mask's box, and keep them where the hole of the frame was."""
        parts = mixture.parts
        shares = np.stack([np.where(part.weight > FAINT, part.weight, np.float32(0)) for part in parts])
        rest = mixture.colours - np.einsum("kn,knc->nc", shares, np.stack([part.seen for part in parts]))
        seqs, x, y = (np.stack([getattr(part.pointers, name) for part in parts]) for name in ("seq", "x", "y"))
        seqs = np.where(shares > 0, seqs, np.int32(NOWHERE))
        box = picture.mask.box
        pixels = np.zeros((box.height, box.width, len(self.planes)), np.float32)
        rounds = 2 if _copies_itself(seqs, x, y, points, picture.seq) else 1  # what is copied is filled in before
        for index, letter in enumerate(layout(picture.format.pixel_format).components):
            grid, stack = _grid(picture, letter), self.planes[index]
            values = np.zeros(grid.hole.shape, np.float32)
            for _ in range(rounds):
                _sample(
                    grid.hole, grid.left, grid.top, grid.across, grid.down, points.rows, points.columns, points.index,
                    view.scale[0], view.scale[1], np.ascontiguousarray(rest[:, index]), shares, seqs, x, y,
                    stack, sample_scale(picture.format), values,
                )  # fmt: skip
                grid.put(stack[picture.seq % len(self.seqs)], values)
            whole = values.repeat(grid.down, axis=0).repeat(grid.across, axis=1)
            pixels[..., index] = whole[: box.height, : box.width]
        return pixels


def _copies_itself(seqs: Ints, x: Floats, y: Floats, points: Points, now: int) -> bool:
    """Say whether anything is copied from within the hole of this very frame."""
    here = seqs == now
    return bool((points.index[y[here].astype(np.intp), x[here].astype(np.intp)] >= 0).any())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Grid:
    """The samples of one component in the mask's box of a frame."""

    hole: Known  # (h, w), those that lie in the hole
    left: int  # of the box in the component's plane
    top: int
    across: int  # pixels a sample
    down: int
    layout: Layout

    def put(self, plane: Plane, values: Floats) -> None:
        """Write (h, w) values, 0 to 255, as words where the hole is."""
        words = np.rint(np.clip(values, 0, 255) * np.float32(1 << (self.layout.bits - 8)))
        there = plane[self.top : self.top + self.hole.shape[0], self.left : self.left + self.hole.shape[1]]
        np.copyto(there, words.astype(self.layout.dtype) << self.layout.up, where=self.hole)

    def looked_up(self, small: Grey, scale: tuple[float, float]) -> Floats:
        """Return the (h, w) values of a small picture at the samples."""
        height, width = self.hole.shape
        columns = (np.arange(self.left, self.left + width) * self.across / scale[0]).astype(np.intp)
        rows = (np.arange(self.top, self.top + height) * self.down / scale[1]).astype(np.intp)
        inside = np.minimum(rows, small.shape[0] - 1), np.minimum(columns, small.shape[1] - 1)
        return np.asarray(small[np.ix_(*inside)], np.float32)


def _grid(picture: Picture, letter: str) -> _Grid:
    lay, box = layout(picture.format.pixel_format), picture.mask.box
    across, down = lay.grid if letter in "UV" else (1, 1)
    hole = np.ascontiguousarray(picture.cells[::down, ::across])
    return _Grid(hole=hole, left=box.x // across, top=box.y // down, across=across, down=down, layout=lay)


@compiled
def _sample(
    hole: Known, left: int, top: int, across: int, down: int, small_rows: Ints, small_columns: Ints, index: Ints,
    wide: Number, high: Number, rest: Floats, shares: Floats, seqs: Ints, x: Floats, y: Floats,
    stack: Plane, unit: Number, values: Floats,
) -> None:  # fmt: skip
    """Write the value of every sample: what is smooth, and of every part what its frame shows there."""
    height, width = index.shape
    near, weights, taps = np.empty(4, np.int64), np.empty(4, np.float32), np.empty((2, 4), np.float32)
    for n in range(hole.size):
        line, place = n // hole.shape[1], n % hole.shape[1]
        if not hole[line, place]:
            continue
        centre_x, centre_y = (place + left + 0.5) * across, (line + top + 0.5) * down
        own = index[min(int(centre_y / high), height - 1), min(int(centre_x / wide), width - 1)]
        fx = min(max(centre_x / wide - 0.5, 0.0), width - 1.0)
        fy = min(max(centre_y / high - 0.5, 0.0), height - 1.0)
        total = np.float32(0)
        for q in range(4):
            column, row = min(int(fx) + q % 2, width - 1), min(int(fy) + q // 2, height - 1)
            near[q], weights[q] = index[row, column], np.float32(0)
            if near[q] >= 0 and _agree(seqs, near[q], own):
                weights[q] = np.float32(abs(1 - q % 2 - (fx - int(fx))) * abs(1 - q // 2 - (fy - int(fy))))
            total += weights[q]
        if total == 0:
            near[0], weights[0], total = own, np.float32(1), np.float32(1)
        value = np.float32(0)
        for q in range(4):
            weights[q] /= total
            if weights[q] > 0:
                value += weights[q] * rest[near[q]]
        for k in range(seqs.shape[0]):
            if seqs[k, own] == NOWHERE:
                continue
            share, go_x, go_y = np.float32(0), np.float32(0), np.float32(0)
            for q in range(4):
                if weights[q] > 0:
                    i = near[q]
                    part = weights[q] * shares[k, i]
                    share += part
                    go_x += part * (x[k, i] - small_columns[i])
                    go_y += part * (y[k, i] - small_rows[i])
            if share > 0:
                there_x = place + left + go_x / share * np.float32(wide / across)
                there_y = line + top + go_y / share * np.float32(high / down)
                value += share * unit * _cubic(stack[seqs[k, own] % stack.shape[0]], there_x, there_y, taps)
        values[line, place] = min(max(value, np.float32(0)), np.float32(255))


@compiled
def _agree(seqs: Ints, one: int, other: int) -> bool:
    """Say whether two points are made of the same frames."""
    for k in range(seqs.shape[0]):  # noqa: SIM110 - generators do not compile
        if seqs[k, one] != seqs[k, other]:
            return False
    return True


@compiled
def _cubic(plane: Plane, x: Number, y: Number, taps: Floats) -> Number:
    """Return the bicubic value of a plane at a place; exact at whole places, the edge goes on for ever."""
    height, width = plane.shape
    x, y = min(max(x, 0.0), width - 1.0), min(max(y, 0.0), height - 1.0)
    left, top = int(x), int(y)
    if x == left and y == top:
        return np.float32(plane[top, left])
    cubic(x - left, taps[0])
    cubic(y - top, taps[1])
    total = np.float32(0)
    if 0 < left < width - 2 and 0 < top < height - 2:
        for j in range(4):
            line = np.float32(0)
            for i in range(4):
                line += taps[0, i] * plane[top - 1 + j, left - 1 + i]
            total += taps[1, j] * line
        return total
    for j in range(4):
        row = min(max(top - 1 + j, 0), height - 1)
        line = np.float32(0)
        for i in range(4):
            line += taps[0, i] * plane[row, min(max(left - 1 + i, 0), width - 1)]
        total += taps[1, j] * line
    return total


def _shape(picture: PictureFormat, letter: str) -> tuple[int, int]:
    """Return rows and samples of one component's plane."""
    across, down = layout(picture.pixel_format).grid if letter in "UV" else (1, 1)
    return -(-picture.height // down), -(-picture.width // across)

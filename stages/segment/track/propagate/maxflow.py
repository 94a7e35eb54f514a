"""What every pixel of a grid and every pair of neighbours costs in, the cheapest cut of the grid in two out.

The exact minimum, by growing two trees and mending them (Boykov and Kolmogorov, An Experimental Comparison of
Min-Cut/Max-Flow Algorithms for Energy Minimization in Vision, PAMI 2004), with their markers of distance.
"""

import numpy as np
from numpy.typing import NDArray

from stages.compiled import Number, compiled

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Bytes = NDArray[np.int8]

FREE, SOURCE, SINK = 0, 1, 2  # the tree a node belongs to
NONE, TERMINAL, ORPHAN = -1, -2, -3  # parents that are no neighbours
STEPS = ((1, 0), (0, 1), (1, 1), (-1, 1))  # across, down, to four of the eight neighbours; the others mirror them


def min_cut(lean: Floats, ties: Floats) -> NDArray[np.bool_]:
    """Return which pixels (h, w) fall to the object.

    `lean` (h, w) is by how much it is cheaper there to be the object than not, and `ties` (4, h, w), none negative, is
    what it costs to part a pixel from its neighbour to the right, below, right below and left below.
    """
    height, width = lean.shape
    across = width + 2  # a border of nodes that nothing flows through saves asking where the grid ends
    shape = (height + 2, across)
    excess = np.zeros(shape, np.float32)
    excess[1:-1, 1:-1] = lean
    spare = np.zeros((8, *shape), np.float32)  # what may still flow to each neighbour; 2 k and 2 k + 1 are opposite
    steps = np.zeros(8, np.int32)
    for k, (x, y) in enumerate(STEPS):
        rows, columns = slice(0, height - y), slice(max(-x, 0), width - max(x, 0))
        tie = ties[k][rows, columns]
        spare[2 * k, 1 : 1 + height - y, 1 + max(-x, 0) : 1 + width - max(x, 0)] = tie
        spare[2 * k + 1, 1 + y : 1 + height, 1 + max(x, 0) : 1 + width - max(-x, 0)] = tie
        steps[2 * k], steps[2 * k + 1] = y * across + x, -y * across - x
    tree = np.zeros(excess.size, np.int8)
    _flow(excess.ravel(), spare.reshape(8, -1), steps, tree)
    return np.asarray(tree.reshape(shape)[1:-1, 1:-1] == SOURCE)


@compiled
def _flow(excess: Floats, spare: Floats, steps: Ints, tree: Bytes) -> None:
    """Push all that can flow from source to sink; what is left in the source's tree is the object."""
    count = excess.size
    parent = np.full(count, NONE, np.int8)
    stamp, far = np.zeros(count, np.int32), np.zeros(count, np.int32)
    waiting, queued = np.zeros(count, np.int32), np.zeros(count, np.bool_)  # a ring: a node is in it at most once
    orphans = np.zeros(count, np.int32)
    head, held, clock = 0, 0, 0
    for node in range(count):
        if excess[node] != 0:
            tree[node] = SOURCE if excess[node] > 0 else SINK
            parent[node], far[node] = TERMINAL, 1
            waiting[held], queued[node] = node, True
            held += 1
    while held > 0:
        node = waiting[head]
        if tree[node] == FREE:
            way = -1
        else:
            way, held = _grow(node, spare, steps, tree, parent, stamp, far, waiting, queued, head, held)
        if way < 0:
            queued[node] = False
            head, held = (head + 1) % count, held - 1
            continue
        clock += 1
        lost = _push(node, way, excess, spare, steps, tree, parent, orphans)
        held = _adopt(lost, clock, excess, spare, steps, tree, parent, stamp, far, waiting, queued, head, held, orphans)


@compiled
def _grow(
    node: Number,
    spare: Floats,
    steps: Ints,
    tree: Bytes,
    parent: Bytes,
    stamp: Ints,
    far: Ints,
    waiting: Ints,
    queued: NDArray[np.bool_],
    head: Number,
    held: Number,
) -> tuple[Number, Number]:
    """Let a node's tree take its free neighbours; return the way to one of the other tree, -1 if there is none."""
    count = tree.size
    mine = tree[node]
    for way in range(8):
        there = node + steps[way]
        room = spare[way, node] if mine == SOURCE else spare[way ^ 1, there]
        if room <= 0:
            continue
        if tree[there] == FREE:
            tree[there], parent[there] = mine, way ^ 1
            stamp[there], far[there] = stamp[node], far[node] + 1
            if not queued[there]:
                waiting[(head + held) % count], queued[there] = there, True
                held += 1
        elif tree[there] != mine:
            return way, held
        elif stamp[there] <= stamp[node] and far[there] > far[node]:
            parent[there] = way ^ 1
            stamp[there], far[there] = stamp[node], far[node] + 1
    return -1, held


@compiled
def _push(
    node: Number, way: Number, excess: Floats, spare: Floats, steps: Ints, tree: Bytes, parent: Bytes, orphans: Ints
) -> Number:
    """Push what fits along the path over a tie between the trees; return how many nodes lost their parent."""
    other = node + steps[way]
    if tree[node] == SOURCE:
        top, bottom, over = node, other, way
    else:
        top, bottom, over = other, node, way ^ 1
    least = spare[over, top]
    here = top
    while parent[here] != TERMINAL:
        up = parent[here]
        here += steps[up]
        least = min(least, spare[up ^ 1, here])
    least = min(least, excess[here])
    here = bottom
    while parent[here] != TERMINAL:
        up = parent[here]
        least = min(least, spare[up, here])
        here += steps[up]
    least = min(least, -excess[here])
    lost = 0
    spare[over, top] -= least
    spare[over ^ 1, bottom] += least
    here = top
    while parent[here] != TERMINAL:
        up = parent[here]
        above = here + steps[up]
        spare[up ^ 1, above] -= least
        spare[up, here] += least
        if spare[up ^ 1, above] <= 0:
            parent[here] = ORPHAN
            orphans[lost] = here
            lost += 1
        here = above
    excess[here] -= least
    if excess[here] <= 0:
        parent[here] = ORPHAN
        orphans[lost] = here
        lost += 1
    here = bottom
    while parent[here] != TERMINAL:
        up = parent[here]
        above = here + steps[up]
        spare[up, here] -= least
        spare[up ^ 1, above] += least
        if spare[up, here] <= 0:
            parent[here] = ORPHAN
            orphans[lost] = here
            lost += 1
        here = above
    excess[here] += least
    if excess[here] >= 0:
        parent[here] = ORPHAN
        orphans[lost] = here
        lost += 1
    return lost


@compiled
def _adopt(
    lost: Number,
    clock: Number,
    excess: Floats,
    spare: Floats,
    steps: Ints,
    tree: Bytes,
    parent: Bytes,
    stamp: Ints,
    far: Ints,
    waiting: Ints,
    queued: NDArray[np.bool_],
    head: Number,
    held: Number,
    orphans: Ints,
) -> Number:
    """Find a new parent in the same tree for every orphan, or set it free; return how many nodes wait now."""
    count = tree.size
    while lost > 0:
        lost -= 1
        node = orphans[lost]
        mine = tree[node]
        best, nearest = -1, 1 << 30
        for way in range(8):
            there = node + steps[way]
            if tree[there] != mine or parent[there] == NONE:
                continue
            room = spare[way ^ 1, there] if mine == SOURCE else spare[way, node]
            if room <= 0:
                continue
            # Does its tree still lead to a terminal? What was asked before with this clock need not be asked again.
            here, length, rooted = there, 0, False
            while True:
                if stamp[here] == clock:
                    length += far[here]
                    rooted = True
                    break
                up = parent[here]
                length += 1
                if up == TERMINAL:
                    stamp[here], far[here] = clock, 1
                    rooted = True
                    break
                if up < TERMINAL or up == NONE:  # an orphan, or free
                    break
                here += steps[up]
            if not rooted:
                continue
            if length < nearest:
                best, nearest = way, length
            here = there
            while stamp[here] != clock:
                stamp[here], far[here] = clock, length
                length -= 1
                here += steps[parent[here]]
        if best >= 0:
            parent[node] = best
            stamp[node], far[node] = clock, nearest + 1
            continue
        for way in range(8):
            there = node + steps[way]
            if tree[there] != mine:
                continue
            room = spare[way ^ 1, there] if mine == SOURCE else spare[way, node]
            if room > 0 and not queued[there]:
                waiting[(head + held) % count], queued[there] = there, True
                held += 1
            up = parent[there]
            if up >= 0 and there + steps[up] == node:
                parent[there] = ORPHAN
                orphans[lost] = there
                lost += 1
        tree[node], parent[node] = FREE, NONE
    return held

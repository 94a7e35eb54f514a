"""A stream of items in, for every item the items around it out."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")


def windows(items: Iterable[T], offsets: Sequence[int]) -> Iterator[tuple[T, ...]]:
    """Yield, for every t, the items at t + offset, mirrored at both ends without repeating the edge.

    `offsets` ascend. Emits t as soon as t + offsets[-1] has arrived; what lies before the first item is mirrored within
    what has come by then, so that a window that looks further back than ahead waits for nothing more. Holds no more
    than the window spans, and one item behind t.
    """
    ahead, behind = max(offsets[-1], 0), max(-offsets[0], 0)
    held: deque[T] = deque()
    first = centre = seen = 0  # first: stream position of held[0]

    def around(t: int) -> tuple[T, ...]:
        return tuple(held[mirror(t + offset, seen) - first] for offset in offsets)

    for item in items:
        held.append(item)
        seen += 1
        if centre + ahead < seen:
            yield around(centre)
            centre += 1
            if first < centre - max(behind, 1):  # the end mirrors into the item behind the next centre
                held.popleft()
                first += 1

    for t in range(centre, seen):
        yield around(t)


def mirror(index: int, length: int) -> int:
    """Return the position that `index` falls on when a list is reflected at both its ends, again and again."""
    if length == 1:
        return 0
    period = 2 * (length - 1)
    index %= period
    return min(index, period - index)

"""Several replicas' output back into the order of the stream: bounded, gaps named, duplicates dropped."""

from collections.abc import Iterable, Iterator
from typing import Generic, Protocol, TypeVar

from transport.errors import StreamGap


class Numbered(Protocol):
    """Anything that has a place in a stream."""

    @property
    def seq(self) -> int: ...


T = TypeVar("T", bound=Numbered)


class Reorder(Generic[T]):
    """Holds what came early, until its turn; drops what came twice."""

    def __init__(self) -> None:
        self.next = 0  # the seq that is due
        self.duplicates = 0
        self._early: dict[int, T] = {}

    def __len__(self) -> int:
        return len(self._early)

    def add(self, item: T) -> bool:
        """Take an item in; False if it was here before."""
        if item.seq < self.next or item.seq in self._early:
            self.duplicates += 1
            return False
        self._early[item.seq] = item
        return True

    def take(self) -> T | None:
        """Return the item that is due, if it is here."""
        item = self._early.pop(self.next, None)
        if item is not None:
            self.next += 1
        return item

    def missing(self) -> StreamGap:
        """Return the error that names what is due."""
        return StreamGap(self.next, len(self._early))


def in_order(items: Iterable[T], *, limit: int) -> Iterator[T]:
    """Yield items by rising seq from 0, each once; StreamGap when more than `limit` wait for a missing one."""
    reorder: Reorder[T] = Reorder()
    for item in items:
        reorder.add(item)
        while (due := reorder.take()) is not None:
            yield due
        if len(reorder) > limit:
            raise reorder.missing()
    if len(reorder):
        raise reorder.missing()

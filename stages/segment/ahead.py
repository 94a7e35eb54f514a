"""A stream whose next frames can be looked at before their turn, a bounded number of them."""

from collections import deque
from collections.abc import Iterable, Iterator

from transport.messages import Frame, Packet, StreamInfo

MOST = 6  # frames: the reach of the window that fills holes, so nobody waits longer than for that
MOST_WAITING = 100 * MOST  # packets of sound and the like between them included

Item = StreamInfo | Packet | Frame


class Ahead:
    """Deals out a stream in its order; holds what was looked at before its turn.

    What goes wrong in the source is raised when all that came before has been dealt out.
    """

    def __init__(self, items: Iterable[Item]) -> None:
        self._source = iter(items)
        self._waiting: deque[Item] = deque()
        self._broken: Exception | None = None

    def __iter__(self) -> Iterator[Item]:
        while (item := self._next()) is not None:
            yield item

    def frames(self) -> list[Frame]:
        """Return the next frames, up to MOST; fewer where the stream ends, breaks off or is full of other things."""
        found = [item for item in self._waiting if isinstance(item, Frame)]
        while len(found) < MOST and len(self._waiting) < MOST_WAITING and (item := self._take()) is not None:
            self._waiting.append(item)
            if isinstance(item, Frame):
                found.append(item)
        return found

    def _take(self) -> Item | None:
        try:
            return next(self._source, None)
        except Exception as error:
            self._broken = error
            return None

    def _next(self) -> Item | None:
        if self._waiting:
            return self._waiting.popleft()
        if self._broken:
            raise self._broken
        return next(self._source, None)

"""What every live output is to its broadcast: a place that takes packets at once, whatever has become of it."""

from dataclasses import dataclass
from typing import Protocol

from transport.messages import Packet, StreamInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """How an output fares."""

    name: str  # without credentials
    sent: int  # packets that it took
    dropped: int  # packets that it did not
    failures: int  # times that it broke off
    trouble: str  # what is wrong now, "" if nothing is


class Output(Protocol):
    """A server, a folder, a recording. None of its methods but `join` ever waits or raises."""

    @property
    def state(self) -> State:
        """How it fares."""
        ...

    def begin(self, info: StreamInfo) -> None:
        """Learn the streams: info.sides, of which the first is the encoded video, the others are sound."""
        ...

    def put(self, packet: Packet) -> None:
        """Take a packet of one of these streams; it is dropped, and counted, where it cannot be held."""
        ...

    def end(self) -> None:
        """Know that nothing comes any more."""
        ...

    def join(self, deadline: float) -> None:
        """Wait until all that was taken is out, or until a moment of time.monotonic(), and close."""
        ...

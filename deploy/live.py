"""A live source's way into the pipeline: the newest frames go on, the oldest are let go when those behind are busy."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeAlias

from stages.decode.config import DecodeConfig
from stages.errors import OptionError
from transport.links import Inlet, Outlet
from transport.messages import CleanFrame, Frame, Packet, StreamInfo
from transport.sockets import Hub

if TYPE_CHECKING:
    from deploy.control import Alone, Control
    from deploy.merge import Merge
    from deploy.tally import Tally

Decoded: TypeAlias = StreamInfo | Packet | Frame

BEHIND, LATE, BROKE_OFF = "behind", "late", "broke off"  # why frames are let go
TICK_S: Final = 0.01  # how often the clock is looked at where nothing else happens
MOST_FRAMES: Final = 2  # that wait in decode
TOLERATED: Final = 1000  # packets in a row that cannot be decoded
MOST_PACKETS: Final = 2000  # of sound that wait with the frames
BACK_OFF_S: Final = (1.0, 5.0, 10.0, 60.0)  # before each further try to open a source that does not come back
RENEWS: Final = 0.1  # how fast the measured pace follows
WAITING: Final = 4  # frames that wait before the window, in decode and on the link
SHORTEST_S: Final = 0.1
LONGEST_S: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LivePolicy:
    """What is to be kept up with a camera."""

    latency_s: float = 2.0  # from a frame's capture to its place in the output
    silence_s: float = 10.0  # without a frame, after which the source is opened anew

    def __post_init__(self) -> None:
        for name, value in (("--latency", self.latency_s), ("--silence", self.silence_s)):
            if not SHORTEST_S <= value <= LONGEST_S:
                raise OptionError(f"{name} {value:g}s cannot be used, {SHORTEST_S:g}s to {LONGEST_S:g}s expected")


def policy_of(source: str, asked: bool, latency: str, silence: str) -> LivePolicy | None:
    """Return the policy for a source that is live, by its name or because the user says so; None for any other."""
    from stages.decode.names import is_live

    if not (asked or is_live(source)):
        return None
    return LivePolicy(latency_s=_seconds("--latency", latency), silence_s=_seconds("--silence", silence))


def _seconds(option: str, words: str) -> float:
    try:
        return float(words.strip().removesuffix("s"))
    except ValueError as error:
        raise OptionError(f"{option} {words!r} is no time; 2s or 0.5 would be") from error


def as_live(decode: DecodeConfig, policy: LivePolicy) -> DecodeConfig:
    """Return how a live source is read: what is damaged is left out, and its silence ends it."""
    return replace(decode, live=True, timeout_s=policy.silence_s, tolerate=TOLERATED)


def back_off(failures: int) -> float:
    """Return the seconds to wait before a source is opened again that failed so many times in a row, 1 or more."""
    return BACK_OFF_S[min(failures, len(BACK_OFF_S)) - 1]


class Window:
    """How many frames may be under way between segment and encode, so that the last of them is still in time.

    What the stages behind take for a frame is measured where their output arrives. If they are slower than the source,
    fewer may be under way, down to what the engine's look-ahead needs to go on at all.
    """

    def __init__(self, latency_s: float, look_ahead: int) -> None:
        self._latency_s, self._least = latency_s, look_ahead + 2
        self._interval_s = 0.0  # between two finished frames, as of late
        self._received, self._at = 0, 0.0

    def received(self, upto: int, now: float) -> None:
        """Know that every frame before `upto` is done with, `now` being time.monotonic()."""
        if upto <= self._received:
            return
        if self._at:
            interval = (now - self._at) / (upto - self._received)
            self._interval_s += RENEWS * (interval - self._interval_s) if self._interval_s else interval
        self._received, self._at = upto, now

    def admits(self, sent: int) -> bool:
        """Tell whether one more frame may follow after so many."""
        in_time = self._latency_s / self._interval_s - WAITING if self._interval_s else self._least
        return sent - self._received < max(self._least, in_time)


class Newest:
    """Decode's end of the link to segment, for a live source: never waits for credit, holds a few frames at most."""

    def __init__(self, outlet: Outlet) -> None:
        self._outlet = outlet
        self._waiting: deque[Decoded] = deque()
        self._frames = 0  # of what waits
        self.dropped = 0  # frames

    def send(self, message: Decoded) -> None:
        """Send a message now or later; the oldest are let go where more than a few wait."""
        self._waiting.append(message)
        self._frames += isinstance(message, Frame)
        while self._waiting and self._outlet.offer(self._waiting[0]):
            self._frames -= isinstance(self._waiting.popleft(), Frame)
        while self._frames > MOST_FRAMES:
            self._drop(Frame)
        while len(self._waiting) - self._frames > MOST_PACKETS:
            self._drop(Packet)

    def _drop(self, kind: type) -> None:
        oldest = next(index for index, message in enumerate(self._waiting) if isinstance(message, kind))
        del self._waiting[oldest]
        self._frames -= kind is Frame
        self.dropped += kind is Frame


def decode_live(messages: Iterable[Decoded], outlet: Outlet, hub: Hub, tally: "Tally") -> None:
    """Send what there is room for, until the source ends: that is a failure, and the supervisor opens it anew."""
    newest = Newest(outlet)
    tally.dropped = lambda: {BEHIND: newest.dropped}
    for message in tally.timed(messages):
        newest.send(message)
        if isinstance(message, Frame):
            tally.came(message)
        tally.frames_out = tally.frames_in - newest.dropped
        hub.pump(0)


def until_told(inlet: Inlet[Decoded], control: "Control | Alone") -> Iterator[Decoded]:
    """Yield what comes until the supervisor asks to drain: a live source has no end of its own."""
    for message in inlet.ticking(TICK_S):
        if control.draining:
            return
        if message is not None:
            yield message


def paced(merge: "Merge", policy: LivePolicy, tally: "Tally") -> Iterator[StreamInfo | Packet | CleanFrame]:
    """Yield the clean stream by the output clock."""
    from stages.encode.pace import Pacer

    pacer = Pacer(policy.latency_s)
    tally.dropped, tally.repeated = lambda: {LATE: pacer.late}, lambda: pacer.repeated
    return pacer.play(tally.source(merge.ticking(TICK_S)))

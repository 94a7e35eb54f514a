"""What is kept up with where a source is live: numbers and rules, nothing that runs."""

from dataclasses import dataclass, replace
from typing import Final

from stages.decode.config import DecodeConfig
from stages.errors import OptionError

BEHIND, LATE, BROKE_OFF = "behind", "late", "broke off"  # why frames are let go
TOLERATED: Final = 1000  # packets in a row that cannot be decoded
RENEWS: Final = 0.1  # how fast the measured pace follows
WAITING: Final = 4  # frames that wait before the window, in decode and on the link
SHORTEST_S: Final = 0.1
LONGEST_S: Final = 60.0
SILENCE_S: Final = 5.0
BURSTS_S: Final = 10.0  # the same of what comes in pieces, as over HTTP; nothing that is live by its name does


@dataclass(frozen=True, slots=True, kw_only=True)
class LivePolicy:
    """What is to be kept up with a camera."""

    latency_s: float = 2.0  # from a frame's capture to its place in the output
    silence_s: float = SILENCE_S  # without a frame, after which the source is opened anew

    def __post_init__(self) -> None:
        for name, value in (("--latency", self.latency_s), ("--silence", self.silence_s)):
            if not SHORTEST_S <= value <= LONGEST_S:
                raise OptionError(f"{name} {value:g}s cannot be used, {SHORTEST_S:g}s to {LONGEST_S:g}s expected")


def policy_of(source: str, asked: bool, latency: str, silence: str) -> LivePolicy | None:
    """Return the policy for a source that is live, by its name or because the user says so; None for any other."""
    from stages.decode.names import is_live

    if not (asked or is_live(source)):
        return None
    usual = SILENCE_S if is_live(source) else BURSTS_S
    silence_s = _seconds("--silence", silence) if silence else usual
    return LivePolicy(latency_s=_seconds("--latency", latency), silence_s=silence_s)


def _seconds(option: str, words: str) -> float:
    try:
        return float(words.strip().removesuffix("s"))
    except ValueError as error:
        raise OptionError(f"{option} {words!r} is no time; 2s or 0.5 would be") from error


def as_live(decode: DecodeConfig, policy: LivePolicy) -> DecodeConfig:
    """Return how a live source is read: what is damaged is left out, and its silence ends it."""
    return replace(decode, live=True, timeout_s=policy.silence_s, tolerate=TOLERATED)


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

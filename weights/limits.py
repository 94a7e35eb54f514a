"""How long a download may take and how large it may get, checked while it comes in."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from weights.errors import FetchError, WeightsError

CONNECT_S = 20.0  # until a server takes the call
SILENCE_S = 60.0  # without a byte
DEADLINE_S = 6 * 3600.0  # for a whole file; 2.4 GiB at 1 Mbit/s
KEPT = "what arrived is kept, and the same command goes on from there"
CHANGED = "is another file now; what had arrived of the old one is deleted: try again"

Progress = Callable[[int, int], None]  # bytes that are there, and in all; 0 where that is not known


def quiet(_done: int, _total: int) -> None:
    """Show nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one download is held to."""

    largest: int  # bytes
    timeouts: tuple[float, float] = (CONNECT_S, SILENCE_S)
    deadline_s: float = DEADLINE_S
    began: float = field(default_factory=time.monotonic)
    progress: Progress = quiet

    @property
    def left_s(self) -> float:
        """Seconds to go."""
        return self.began + self.deadline_s - time.monotonic()

    def note(self, url: str, done: int, total: int) -> None:
        """Show how far it is; WeightsError if it cannot be the file that is wanted, FetchError if it took too long."""
        if max(done, total) > self.largest:
            raise WeightsError(f"{url} has {max(done, total)} bytes, at most {self.largest} were expected")
        if self.left_s < 0:
            raise FetchError(f"{url} took longer than {self.deadline_s:g} s; {KEPT}")
        self.progress(done, total)

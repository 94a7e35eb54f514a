"""What the user can say about reading a source."""

from dataclasses import dataclass
from fractions import Fraction

from stages.errors import OptionError

SLOWEST, FASTEST = Fraction(1, 1000), Fraction(1000)  # frames a second
CLOCKS = ("stream", "arrival")


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodeConfig:
    """How a source is read."""

    fps: Fraction = Fraction(25)  # of a folder of images; a video has its own clock
    loop: int = 1  # times the source is played, one after the other on one time line
    threads: int = 0  # of the decoder, each of which holds a frame; 0 is one for every core
    tolerate: int = (
        0  # undecodable packets in a row to skip with a warning, for live sources; a file stops at the first
    )
    timeout_s: float = 30.0  # that a URL may stay silent
    live: bool = False  # a camera: its end is a failure, and every frame says when it came
    clock: str = "stream"  # of a live source: its own time stamps, or the arrival of its frames

    def __post_init__(self) -> None:
        if not SLOWEST <= self.fps <= FASTEST:
            found = f"a folder of images cannot be played at {float(self.fps):g} frames a second"
            raise OptionError(f"{found}, {SLOWEST} to {FASTEST} expected")
        if self.loop < 1:
            raise OptionError(f"a source cannot be played {self.loop} times, 1 or more expected")
        if self.threads < 0:
            raise OptionError(f"{self.threads} decoder threads, 0 (automatic) or more expected")
        if self.clock not in CLOCKS:
            raise OptionError(f"there is no clock {self.clock!r}; the known ones are {', '.join(CLOCKS)}")
        if self.tolerate < 0 or self.timeout_s <= 0:
            raise OptionError("the number of tolerated packets cannot be negative, nor the timeout 0")

"""What the tests of live outputs share: a clip as its encoder's packets, endlessly, and somebody who takes them."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import count
from pathlib import Path

import av

from stages.encode.live.broadcast import broadcast
from stages.encode.live.config import LiveConfig
from stages.encode.live.output import State
from tests.clips import Clip, make, number_in
from tests.stages.encoded import cleaned, synthetic
from transport.messages import Packet, StreamInfo

TICKS = Fraction(1, 90_000)  # as cameras count


@dataclass(slots=True)
class Taker:
    """An output that keeps everything."""

    info: StreamInfo | None = None
    packets: list[Packet] = field(default_factory=list)
    ended: bool = False

    @property
    def state(self) -> State:
        return State(name="taker", sent=len(self.packets), dropped=0, failures=0, trouble="")

    def begin(self, info: StreamInfo) -> None:
        self.info = info

    def put(self, packet: Packet) -> None:
        self.packets.append(packet)

    def end(self) -> None:
        self.ended = True

    def join(self, deadline: float) -> None:
        assert self.ended


def coded(clip: Clip, folder: Path | None = None, **config: object) -> tuple[StreamInfo, list[Packet]]:
    """The clip as outputs get it; through a file in `folder` if it has sound."""
    items = cleaned(make(folder / "source.mkv", clip)) if folder else synthetic(clip)
    taker = Taker()
    for _ in broadcast(items, [taker], LiveConfig(**{"preset": "ultrafast", **config})):
        pass
    assert taker.info is not None
    return taker.info, taker.packets


def endless(packets: list[Packet], seconds: Fraction) -> Iterator[Packet]:
    """The same packets again and again, their times running on."""
    for lap in count():
        for packet in packets:
            ticks = round(lap * seconds / Fraction(*packet.time_base))
            assert packet.pts is not None
            yield replace(packet, pts=packet.pts + ticks, dts=(packet.dts or packet.pts) + ticks)


def numbers(path: Path | str, **options: object) -> list[int]:
    """The numbers in the pictures of a file, as far as it can be read."""
    found: list[int] = []
    try:
        with av.open(str(path), **options) as file:
            for frame in file.decode(video=0):
                found.append(number_in(frame.to_ndarray(format="gray")))
    except av.error.FFmpegError:
        if not found:
            raise
    return found

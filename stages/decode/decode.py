"""A source's name in; its StreamInfo, then its Frames and the Packets of its other streams out."""

import logging
import time
from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeAlias

import av

from stages.decode.clock import Clock, SideClock
from stages.decode.config import DecodeConfig
from stages.decode.container import BrokenOff, ContainerSource, open_container
from stages.decode.folder import FolderSource, open_folder
from stages.decode.names import STDIN, public_name
from stages.decode.picture import loses, mirrored, picture_format, planes
from stages.decode.side import side_packet
from stages.errors import SourceError
from transport.messages import Frame, Packet, PictureFormat, StreamInfo

log = logging.getLogger(__name__)

BYTES_BEFORE_PICTURE = 64 << 20  # of side streams, kept until the first picture is there
Source = ContainerSource | FolderSource
Piece: TypeAlias = "av.VideoFrame | av.Packet[Any]"


def decode(source: str, config: DecodeConfig) -> Iterator[StreamInfo | Packet | Frame]:
    """Yield one StreamInfo, then Frames in presentation order and Packets of the other streams as in the file.

    `source` is a path, a URL, a folder of images, or `-` for standard input. Frames count from 0; every pts is later
    than the one before (see Clock for those that were not, or were missing). A source that breaks off gives everything
    before, then SourceError. Held at any time: what FFmpeg's decoder holds, and one picture.
    """
    if config.loop > 1 and source == STDIN:
        raise SourceError("standard input cannot be played more than once, a file expected")
    turns = _Turns(source, live=config.live)
    for _ in range(config.loop):
        with _opened(source, config) as opened:
            yield from turns.play(opened)
        turns.again()
    turns.report()


def probe(source: str, config: DecodeConfig) -> StreamInfo:
    """Return what is known of a source before its first frame; the source is closed again."""
    messages = decode(source, config)
    try:
        first = next(messages)
    finally:
        messages.close()  # type: ignore[attr-defined]
    assert isinstance(first, StreamInfo)
    return first


def _opened(source: str, config: DecodeConfig) -> AbstractContextManager[Source]:
    if source not in ("", STDIN) and Path(source).is_dir():
        return open_folder(source, config)
    return open_container(source, config)


class _Turns:
    """What goes on from one playing of the source to the next: the count of frames and the time line."""

    def __init__(self, source: str, *, live: bool) -> None:
        self._name = public_name(source)
        self._live = live
        self._frames = 0
        self._info: StreamInfo | None = None
        self._clock: Clock | None = None
        self._sides: dict[int, SideClock] = {}  # by the index of the stream
        self._start: Fraction | None = None  # seconds: the earliest of the first playing
        self._end = Fraction(0)  # seconds at which everything so far is over

    def play(self, opened: Source) -> Iterator[StreamInfo | Packet | Frame]:
        """Yield the messages of one playing; only the first has a StreamInfo."""
        started = self._frames
        try:
            for piece in _picture_first(opened.pieces(), self._name):
                if isinstance(piece, av.VideoFrame):
                    yield from self._picture(piece, opened)
                else:
                    yield self._packet(piece)
        except BrokenOff as error:
            where = f"broke off after frame {self._frames - 1}" if self._frames else "cannot be decoded"
            raise SourceError(f"{self._name} {where}: {error}") from error
        if self._frames == started:
            raise SourceError(f"{self._name} holds no picture that can be decoded")

    def again(self) -> None:
        """Put the next playing behind this one."""
        length = self._end - (self._start or 0)
        clocks: list[Clock | SideClock] = [*self._sides.values(), *([self._clock] if self._clock else [])]
        for clock in clocks:
            clock.move(length)

    def report(self) -> None:
        """Log what had to be mended."""
        if self._clock:
            self._clock.report()

    def _picture(self, decoded: av.VideoFrame, opened: Source) -> Iterator[StreamInfo | Frame]:
        if self._info is None or self._clock is None:
            self._info = opened.describe(decoded)
            self._clock = Clock(name=self._name, time_base=opened.time_base, step=_step(opened))
            if loses(decoded.format.name):
                log.warning("%s: %s is read as %s", self._name, decoded.format.name, self._info.format.pixel_format)
            if mirrored(decoded):
                log.warning("%s: its pictures are to be mirrored, which is not carried along", self._name)
            yield self._info
        picture = self._same(picture_format(decoded, opened.sample_aspect), self._info.format)
        duration = decoded.duration or 0
        pts = self._clock.place(decoded.pts, duration)
        self._covers(pts, duration or self._clock.step, opened.time_base)
        seq, self._frames = self._frames, self._frames + 1
        yield Frame(
            seq=seq,
            pts=pts,
            duration=duration,
            key=decoded.key_frame,
            format=picture,
            planes=planes(decoded, picture),
            captured=time.time() if self._live else 0.0,
        )

    def _same(self, picture: PictureFormat, first: PictureFormat) -> PictureFormat:
        if picture == first:
            return first
        found, began = _shape(picture), _shape(first)
        if found != began:
            raise SourceError(f"{self._name}: frame {self._frames} is {found}, the stream began as {began}")
        return picture

    def _packet(self, raw: "av.Packet[av.stream.Stream]") -> Packet:
        packet = side_packet(raw)
        base = Fraction(*packet.time_base)
        packet = self._sides.setdefault(packet.index, SideClock(time_base=base)).place(packet)
        if packet.pts is not None:
            self._covers(packet.pts, packet.duration, base)
        return packet

    def _covers(self, pts: int, duration: int, base: Fraction) -> None:
        begin = pts * base
        self._start = begin if self._start is None else min(self._start, begin)
        self._end = max(self._end, begin + duration * base)


def _picture_first(pieces: Iterator[Piece], name: str) -> Iterator[Piece]:
    """Yield the first picture before the packets that lie before it, as it tells the StreamInfo."""
    waiting: deque[Piece] = deque()
    held = 0
    for piece in pieces:
        if isinstance(piece, av.VideoFrame):
            yield piece
            break
        waiting.append(piece)
        held += piece.size
        if held > BYTES_BEFORE_PICTURE:
            raise SourceError(f"{name} has no picture in its first {held >> 20} MiB, one expected")
    yield from waiting
    waiting.clear()
    yield from pieces


def _step(opened: Source) -> int:
    """The ticks between two frames, where nothing says better."""
    return max(1, round(1 / (opened.frame_rate * opened.time_base))) if opened.frame_rate else 1


def _shape(picture: PictureFormat) -> str:
    return f"{picture.width}x{picture.height} {picture.pixel_format}"

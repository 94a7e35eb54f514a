"""Packets in, the bytes of a container out: from the first keyframe on, which becomes the time 0."""

import contextlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Final

import av
from av.stream import Stream
from av.video.stream import VideoStream

from stages.decode.names import reason
from stages.decode.side import codec_of, open_template
from stages.encode import sides
from stages.encode.containers import Container
from stages.encode.sink import PipeSink
from stages.errors import SinkError
from transport.messages import Packet, SideStream, StreamInfo

log = logging.getLogger(__name__)

WAIT_US: Final = 100_000  # that the muxer keeps packets back to put sound and picture in order; silence costs as much


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A container as it is written live."""

    name: str  # FFmpeg's, of the muxer
    sounds: tuple[str, ...]  # codecs of sound that it can hold; empty: any
    options: dict[str, str] = field(default_factory=dict)


class UnfitError(SinkError):
    """A packet is not what the container takes."""


class Program:
    """A container being written, to a place of FFmpeg's or to a sink of ours."""

    def __init__(self, info: StreamInfo, place: str | PipeSink, form: Format) -> None:
        self._sink = place if isinstance(place, PipeSink) else None
        self._video = info.sides[0].index
        self._begin: Fraction | None = None  # seconds, of the first keyframe
        self._newest: dict[int, int] = {}  # dts of each stream
        options = form.options | {"max_interleave_delta": str(WAIT_US), "flush_packets": "1"}
        with _translated():
            self._output = av.open(place, "w", format=form.name, options=options)
            held = _held(info, form, tried=self._sink is not None)
            self._streams: dict[int, Stream] = {side.index: sides.add(self._output, side) for side in held}
            _tag(self._streams[self._video], form)
            self._output.start_encoding()
        self._check()

    def put(self, packet: Packet) -> bool:
        """Write a packet; tell whether it has a place here: it begins with the video, and each stream goes on in time.

        A piece of sound that has none, or that the container refuses, is left out: no picture is to suffer from it.
        """
        if not self._has_place(packet):
            return False
        assert packet.pts is not None
        ticks = round((self._begin or 0) / Fraction(*packet.time_base))
        dts = packet.pts if packet.dts is None else packet.dts
        moved = replace(packet, pts=packet.pts - ticks, dts=dts - ticks, side_data={})
        self._newest[packet.index] = dts
        try:
            with _translated():
                self._output.mux(sides.av_packet(moved, self._streams[packet.index]))
        except UnfitError:
            if packet.index == self._video:
                raise
            return False
        self._check()
        return True

    def _has_place(self, packet: Packet) -> bool:
        if packet.pts is None or packet.index not in self._streams:
            return False
        at = Fraction(*packet.time_base) * packet.pts
        if self._begin is None and packet.index == self._video and packet.key:
            self._begin = at
        if self._begin is None or at < self._begin:
            return False
        newest = self._newest.get(packet.index)
        return newest is None or newest < (packet.pts if packet.dts is None else packet.dts)

    def close(self) -> None:
        """Write what is left."""
        with _translated():
            self._output.close()
        self._check()

    def abandon(self) -> None:
        """Let go of it, whatever state it is in."""
        with contextlib.suppress(av.error.FFmpegError, ValueError):
            self._output.close()

    def _check(self) -> None:
        if self._sink is not None and self._sink.error is not None:
            raise SinkError(f"it cannot be written: {self._sink.error.strerror}")


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    """Turn FFmpeg's errors, which quote the URL, into ours, which do not; what it is about is known to who hears it."""
    try:
        yield
    except (av.error.ArgumentError, av.error.InvalidDataError) as error:
        raise UnfitError(f"it cannot be written: {reason(error)}") from None
    except (av.error.FFmpegError, ValueError) as error:
        raise SinkError(f"it cannot be written: {reason(error)}") from None


def _tag(video: Stream, form: Format) -> None:
    """Let HEVC in mp4 be called what all players know, those of Apple's too, who take nothing else."""
    if isinstance(video, VideoStream) and video.codec_context.name == "hevc" and form.name in ("mp4", "mov"):
        video.codec_context.codec_tag = "hvc1"


def _held(info: StreamInfo, form: Format, *, tried: bool) -> tuple[SideStream, ...]:
    """Return the streams that a container can hold: those it is known to, and if that can be tried, does."""
    container = Container(format=form.name, encoder="", arrival="packet")
    known = tuple(side for side in info.sides[1:] if _is_known(form, side))
    return (info.sides[0], *(sides.carried(replace(info, sides=known), container) if tried else known))


def _is_known(form: Format, side: SideStream) -> bool:
    with open_template(side) as template:
        codec = codec_of(template.streams[0])
    if not form.sounds or codec in form.sounds:
        return True
    log.warning(
        "sound stream %d is left out: %s holds %s, not %s", side.index, form.name, ", ".join(form.sounds), codec
    )
    return False

"""The video's own stream: frames in, encoded packets out with exactly the frames' time stamps."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

import av
from av.container import OutputContainer
from av.stream import Stream
from av.video.frame import PictureType
from av.video.stream import VideoStream

from stages.encode.choice import Choice, configure
from stages.encode.codecs import INTRA
from stages.encode.containers import Container
from stages.encode.pictures import picture
from stages.encode.sides import fresh
from stages.errors import SinkError
from transport.messages import Frame, StreamInfo

log = logging.getLogger(__name__)

Encoded: TypeAlias = "tuple[av.Packet[Stream], int]"  # and the seq of its frame


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What must come out of the encoder as it went in."""

    seq: int
    pts: int  # ticks of the source
    duration: int


class Track:
    """Encodes frames into a stream of a container that has not started."""

    def __init__(self, output: OutputContainer, info: StreamInfo, choice: Choice, container: Container) -> None:
        self._choice, self._container = choice, container
        self._base = Fraction(*info.time_base)
        self._key_types = PictureType.NONE if info.codec in INTRA else PictureType.I
        self._inside: dict[int, Stamp] = {}  # by the encoder's pts; bounded by the frames that it holds
        self._slot = -1
        self._stream = _add_stream(output, info, choice)
        self._stream.time_base = 1 / choice.rate if container.clock == "slots" else self._base

    def encode(self, frame: Frame) -> Iterator[Encoded]:
        """Yield the packets that came out when the frame went in: often earlier ones, or none."""
        if frame.pts < 0 and not self._container.below_zero:
            raise SinkError(
                f"frame {frame.seq} is at {frame.pts * self._base} s, and {self._container.format} cannot hold times"
                " before 0; .mkv or .mp4 would do"
            )
        image = picture(frame, self._choice.pixel_format)
        # Its own picture type would be imposed on the encoder: only keyframes are, so that seeking stays as it was.
        image.pict_type = self._key_types if frame.key else PictureType.NONE
        image.pts = frame.seq if self._choice.encoder.steady else frame.pts
        image.time_base = self._choice.time_base
        self._inside[image.pts] = Stamp(seq=frame.seq, pts=frame.pts, duration=frame.duration)
        yield from self._timed(self._stream.encode(image))

    def flush(self) -> Iterator[Encoded]:
        """Yield what is left in the encoder."""
        yield from self._timed(self._stream.encode(None))

    def _timed(self, packets: "Iterable[av.Packet[Stream]]") -> Iterator[Encoded]:
        for packet in packets:
            assert packet.pts is not None
            stamp = self._inside.pop(packet.pts)
            if self._choice.encoder.steady:
                packet.pts = packet.dts = stamp.pts
                packet.time_base = self._base
            if stamp.duration:
                packet.duration = stamp.duration
            if self._container.clock == "slots":
                self._into_slot(packet, stamp)
            yield packet, stamp.seq

    def _into_slot(self, packet: "av.Packet[Stream]", stamp: Stamp) -> None:
        """Place a packet where there is no clock, only one frame every 1/rate seconds."""
        place = stamp.pts * self._base * self._choice.rate
        slot = round(place)
        if slot <= self._slot:
            raise SinkError(
                f"frame {stamp.seq} comes {float(place - self._slot):.2f} frames after the one before it, and"
                f" {self._container.format} has one every 1/{self._choice.rate} s; .mkv or .mp4 would do"
            )
        if self._slot < 0 < slot:
            log.warning("%s begins at 0: the first frame is shown from there on", self._container.format)
        if abs(slot - place) > Fraction(1, 100) and self._slot >= 0:
            log.warning(
                "frame %d moves by %.2f frames: %s has no clock", stamp.seq, slot - place, self._container.format
            )
        self._slot = slot
        packet.pts = packet.dts = slot
        packet.duration, packet.time_base = 1, 1 / self._choice.rate


def _add_stream(output: OutputContainer, info: StreamInfo, choice: Choice) -> VideoStream:
    stream = output.add_stream(choice.encoder.name, rate=choice.rate)
    assert isinstance(stream, VideoStream)
    configure(stream.codec_context, choice, info.format)
    stream.disposition = info.disposition  # type: ignore[assignment]
    stream.metadata.update(fresh(info.video_metadata))
    if info.format.rotation:
        stream.set_display_rotation(info.format.rotation)  # before the first packet, or it is lost
    return stream

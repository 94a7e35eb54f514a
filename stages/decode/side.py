"""Streams that are carried along untouched: a stream of a container in, a SideStream and its Packets out.

No message could spell out all codec parameters there are, so they travel as what is made to hold them: a container
that has this one stream and no packet. `open_template` turns it back into a stream that a muxer takes as template.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.stream import VideoStream

from stages.errors import SourceError
from transport.messages import Packet, Rational, SideStream

log = logging.getLogger(__name__)

UNKNOWN = "unknown codec"
_KINDS = ("audio", "subtitle", "data", "video")
_EMPTY_CLUSTER = bytes.fromhex("1f43b67583e78100")  # of time 0 (RFC 9559, 5.1.3)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Holder:
    """A container format, and what it takes for FFmpeg to read it back although it has no packet to speak of."""

    muxer: str
    demuxer: str
    options: tuple[tuple[str, str], ...] = ()
    packet: bytes | None = None
    appendix: bytes = b""


# In the order in which they are tried: Matroska keeps Opus's and AAC's delay, mov and mp4 the tags of their own text
# and data, nut takes most of what is left. A mov writes its table of streams at once only when it is fragmented.
_FRAGMENTED = (("movflags", "empty_moov"),)
_HOLDERS = (
    _Holder(muxer="matroska", demuxer="matroska", options=(("live", "1"),), appendix=_EMPTY_CLUSTER),
    _Holder(muxer="mov", demuxer="mov", options=_FRAGMENTED),
    _Holder(muxer="mp4", demuxer="mov", options=_FRAGMENTED),
    _Holder(muxer="nut", demuxer="nut", packet=b""),
    _Holder(muxer="avi", demuxer="avi"),
    _Holder(muxer="caf", demuxer="caf"),
    _Holder(muxer="asf", demuxer="asf"),
    _Holder(muxer="mpegts", demuxer="mpegts", packet=b"\0"),
)


def side_stream(stream: av.stream.Stream) -> SideStream | None:
    """Return how to carry a stream along, or None with a warning if no container can hold it."""
    if stream.type not in _KINDS or codec_of(stream) == UNKNOWN:
        log.warning("stream %d (%s) is left out: FFmpeg has no name for what it holds", stream.index, stream.type)
        return None
    for holder, header in _headers(stream):
        log.debug("stream %d (%s) travels in %s", stream.index, codec_of(stream), holder.muxer)
        return SideStream(
            index=stream.index,
            kind=stream.type,
            time_base=rational(stream.time_base),
            disposition=int(stream.disposition),
            metadata=dict(stream.metadata),
            header_format=holder.demuxer,
            header=np.frombuffer(header, np.uint8),
        )
    log.warning("stream %d (%s, %s) is left out: no container can hold it", stream.index, stream.type, codec_of(stream))
    return None


def open_template(side: SideStream) -> InputContainer:
    """Return an open container whose stream 0 has the side stream's codec parameters; the caller closes it.

    Its time base is the container's own: packets are counted in SideStream.time_base.
    """
    try:
        container = av.open(BytesIO(side.header.tobytes()), "r", format=side.header_format)
    except (av.error.FFmpegError, ValueError) as error:
        raise SourceError(f"the parameters of {side.kind} stream {side.index} cannot be read back") from error
    if len(container.streams) != 1:
        container.close()
        raise SourceError(f"the parameters of {side.kind} stream {side.index} hold no stream")
    return container


def side_packet(packet: "av.Packet[av.stream.Stream]") -> Packet:
    """Return a packet as it lay in the file."""
    return Packet(
        index=packet.stream_index,
        pts=packet.pts,
        dts=packet.dts,
        duration=packet.duration or 0,
        time_base=rational(packet.time_base),
        key=packet.is_keyframe,
        discard=packet.is_discard,
        data=np.frombuffer(bytes(packet), np.uint8),
        side_data={data.data_type: bytes(data) for data in packet.iter_sidedata()},
    )


def rational(value: Fraction | None) -> Rational:
    """Return a fraction as a message spells it, 0/1 where FFmpeg does not know."""
    return (value.numerator, value.denominator) if value else (0, 1)


def codec_of(stream: av.stream.Stream) -> str:
    """Return FFmpeg's name of a stream's codec."""
    if stream.codec_context is not None:
        return stream.codec_context.codec.canonical_name
    return getattr(stream, "name", None) or UNKNOWN


def _headers(stream: av.stream.Stream) -> Iterator[tuple[_Holder, bytes]]:
    """Yield the containers that hold a stream, those that give it back the same first."""
    for same in (_exactly, _nearly):
        for holder in _HOLDERS:
            try:
                header = _write(stream, holder)
                with av.open(BytesIO(header), format=holder.demuxer) as back:
                    if len(back.streams) == 1 and same(back.streams[0]) == same(stream):
                        yield holder, header
            except (av.error.FFmpegError, ValueError):
                continue


def _write(stream: av.stream.Stream, holder: _Holder) -> bytes:
    written = BytesIO()
    with av.open(written, "w", format=holder.muxer, options=dict(holder.options)) as output:
        copied = output.add_stream_from_template(stream, opaque=True)
        output.start_encoding()
        if holder.packet is not None:
            packet = av.Packet(holder.packet)
            packet.stream, packet.time_base = copied, copied.time_base or Fraction(1, 1000)
            packet.pts = packet.dts = 0
            packet.is_keyframe = True
            output.mux(packet)
    return written.getvalue() + holder.appendix


def _exactly(stream: av.stream.Stream) -> tuple[object, ...]:
    """What must come back the same for a container to count as holding a stream."""
    layout = stream.codec_context.layout.name if isinstance(stream, AudioStream) else ""
    return (*_nearly(stream), layout)


def _nearly(stream: av.stream.Stream) -> tuple[object, ...]:
    """As `_exactly`, but some containers count channels without placing them."""
    if stream.codec_context is None:
        return (stream.type, codec_of(stream))
    common = (stream.type, codec_of(stream), stream.codec_context.extradata or b"")
    if isinstance(stream, AudioStream):
        return (*common, stream.codec_context.sample_rate, stream.codec_context.layout.nb_channels)
    if isinstance(stream, VideoStream):
        return (*common, stream.codec_context.width, stream.codec_context.height)
    return common

"""Streams that are carried along untouched: SideStreams and Packets in, FFmpeg's streams and packets out."""

import logging
from fractions import Fraction
from io import BytesIO

import av
from av.container import OutputContainer
from av.packet import PacketSideData, packet_sidedata_type_from_literal
from av.stream import Disposition, Stream

from stages.decode.names import reason
from stages.decode.side import codec_of, open_template
from stages.encode import adts
from stages.encode.containers import Container
from stages.errors import SourceError
from transport.messages import Packet, SideStream, StreamInfo

log = logging.getLogger(__name__)

_HEADED = ("mpegts",)  # holds AAC with a header in every packet
_COVER = int(Disposition.attached_pic)

# What an old file says about itself and no new one may repeat.
_STALE = {"encoder", "major_brand", "minor_version", "compatible_brands", "duration", "vendor_id", "creation_time"}
_STALE_STARTS = ("_statistics", "number_of_", "bps")


def fresh(metadata: dict[str, str]) -> dict[str, str]:
    """Return the metadata that is true of a new file as well."""
    return {
        name: value
        for name, value in metadata.items()
        if name.lower() not in _STALE and not name.lower().startswith(_STALE_STARTS)
    }


def carried(info: StreamInfo, container: Container) -> tuple[SideStream, ...]:
    """Return the side streams that the container can hold; a warning names each of the others."""
    held = []
    for side in info.sides:
        if (reason := _refusal(side, container)) is None:
            held.append(side)
        else:
            log.warning("%s stream %d is left out of the output: %s", side.kind, side.index, reason)
    return tuple(held)


def add(output: OutputContainer, side: SideStream) -> Stream:
    """Add a side stream to a container that has not started."""
    with open_template(side) as template:
        stream: Stream = output.add_stream_from_template(template.streams[0], opaque=True)
        if output.format.name not in _HEADED:
            adts.describe(stream, template.streams[0])
    stream.time_base = Fraction(*side.time_base) if side.time_base[0] else None
    stream.disposition = side.disposition  # type: ignore[assignment]
    stream.metadata.update(fresh(side.metadata))
    return stream


def av_packet(packet: Packet, stream: Stream) -> "av.Packet[Stream]":
    """Return the packet as FFmpeg's, every byte and time stamp as it was, but for headers that the stream has."""
    result: av.Packet[Stream] = av.Packet(adts.bare(packet.data.tobytes(), stream))
    result.stream, result.time_base = stream, Fraction(*packet.time_base)
    result.pts, result.dts, result.duration = packet.pts, packet.dts, packet.duration
    result.is_keyframe = packet.key
    for name, data in packet.side_data.items():
        extra = PacketSideData(packet_sidedata_type_from_literal(name), len(data))  # type: ignore[call-arg, arg-type]
        extra.update(data)
        result.set_sidedata(extra)
    return result


def _refusal(side: SideStream, container: Container) -> str | None:
    """Write the stream's header alone, in memory; return why that fails, None if it does not."""
    if side.disposition & _COVER:
        return "a cover picture cannot be carried"  # fragments give it an empty video track, Matroska a real one
    try:
        with open_template(side) as template:
            codec = codec_of(template.streams[0])
        if container.sides and codec not in container.sides:
            return f"{container.format} cannot hold {codec}"
        with av.open(BytesIO(), "w", format=container.format) as trial:
            add(trial, side)
            trial.start_encoding()
    except SourceError as error:
        return str(error)
    except (av.error.FFmpegError, ValueError) as error:
        return f"{container.format} cannot hold {codec} ({reason(error)})"
    return None

"""A clip in, RTP packets out, and back: H.264 by RFC 6184 (single units, FU-A, STAP-A), AAC by RFC 3640 (AAC-hbr)."""

import base64
import re
import struct
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

import av
import numpy as np
from numpy.typing import NDArray

MOST_BYTES = 1400  # of a packet's payload, below Ethernet's 1500
VIDEO_RATE = 90_000  # ticks a second of H.264's clock (RFC 6184, 8.2.1)
NTP_EPOCH = 2_208_988_800  # seconds from 1900 to 1970
STAP_A, FU_A = 24, 28
START = re.compile(rb"\x00\x00\x00?\x01")  # of a unit in Annex B


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackOf:
    """One stream as it is announced."""

    kind: Literal["video", "audio"]
    rate: int  # ticks a second of its RTP clock
    format: str  # the lines of its SDP that say what it is


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One picture or one piece of sound."""

    track: int
    due: Fraction  # seconds from the clip's beginning when it is sent
    shown: Fraction  # seconds from the clip's beginning when it is presented
    parts: tuple[bytes, ...]  # NAL units, or the one piece of AAC


@dataclass(frozen=True, slots=True, kw_only=True)
class Broadcast:
    """A clip ready to be sent."""

    tracks: tuple[TrackOf, ...]
    units: tuple[Unit, ...]  # in the order of sending
    seconds: Fraction


def broadcast(path: Path) -> Broadcast:
    """Read a clip of H.264, with one AAC track or none."""
    with av.open(str(path)) as file:
        video, sound = file.streams.video[0], next(iter(file.streams.audio), None)
        frames, plain = _pictures(file, video)
        seconds = Fraction(len(frames)) / Fraction(video.average_rate or 25)
        tracks = [TrackOf(kind="video", rate=VIDEO_RATE, format=_h264_lines(plain))]
        units = frames
        if sound is not None:
            file.seek(0)
            tracks.append(TrackOf(kind="audio", rate=sound.rate, format=_aac_lines(sound)))
            units += [unit for unit in _pieces(file, sound) if unit.due < seconds]
    return Broadcast(tracks=tuple(tracks), units=tuple(sorted(units, key=lambda unit: unit.due)), seconds=seconds)


def describe(clip: Broadcast) -> str:
    """Return the clip's SDP (RFC 4566)."""
    lines = ["v=0", "o=- 0 0 IN IP4 127.0.0.1", "s=test", "c=IN IP4 127.0.0.1", "t=0 0"]
    for number, track in enumerate(clip.tracks):
        lines += [f"m={track.kind} 0 RTP/AVP {96 + number}", track.format.replace("PT", str(96 + number))]
        lines.append(f"a=control:track{number}")
    return "\r\n".join(lines) + "\r\n"


class Sender:
    """The RTP state of one track: its sequence numbers and its identity."""

    def __init__(self, track: TrackOf, *, channel: int) -> None:
        self.channel = channel
        self._rate, self._number, self._source = track.rate, 0, 0x5EED0000 + channel
        self._type, self._split = 96 + channel // 2, _split_h264 if track.kind == "video" else _split_aac

    def packets(self, unit: Unit, seconds: float) -> Iterator[bytes]:
        """Yield the packets of a unit that is presented at `seconds`."""
        ticks = round(seconds * self._rate) & 0xFFFFFFFF
        for payload, last in self._split(unit.parts):
            self._number = (self._number + 1) & 0xFFFF
            yield struct.pack(">BBHII", 0x80, last << 7 | self._type, self._number, ticks, self._source) + payload

    def report(self, seconds: float) -> bytes:
        """Return a sender report (RFC 3550, 6.4.1): the track's clock now, beside the clock on the wall."""
        now, ticks = time.time() + NTP_EPOCH, round(seconds * self._rate) & 0xFFFFFFFF
        whole = int(now)
        return struct.pack(
            ">BBHIIIIII", 0x80, 200, 6, self._source, whole, int((now - whole) * 2**32), ticks, self._number, 0
        )


def units_of(packets: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield (time stamp, Annex B picture) of H.264's RTP packets: what a receiver understands of a push."""
    picture, fragment = bytearray(), bytearray()
    for packet in packets:
        mark, ticks, payload = packet[1] >> 7, int.from_bytes(packet[4:8], "big"), packet[12:]
        kind = payload[0] & 31
        if kind == FU_A:
            if payload[1] & 0x80:
                fragment = bytearray([payload[0] & 0xE0 | payload[1] & 31])
            fragment += payload[2:]
            units = [bytes(fragment)] if payload[1] & 0x40 else []
        else:
            units = list(_aggregated(payload[1:])) if kind == STAP_A else [payload]
        for unit in units:
            picture += b"\0\0\0\1" + unit
        if mark:
            yield ticks, bytes(picture)
            picture.clear()


def pictures_of(packets: Iterable[bytes], sdp: str = "") -> list[tuple[int, NDArray[np.uint8]]]:
    """Return (time stamp, (H, W) brightness) of every picture in H.264's RTP packets that can be decoded."""
    decoder = av.CodecContext.create("h264", "r")
    assert isinstance(decoder, av.VideoCodecContext)
    sets = re.search(r"sprop-parameter-sets=([^;\s]+)", sdp)
    if sets:
        decoder.extradata = b"".join(b"\0\0\0\1" + base64.b64decode(text) for text in sets[1].split(","))
    found = []
    for ticks, data in units_of(packets):
        packet = av.Packet(data)
        packet.pts = ticks
        found += decoder.decode(packet)
    found += decoder.decode(None)
    return [(frame.pts or 0, frame.to_ndarray(format="gray")) for frame in found]


def _pictures(file: av.container.InputContainer, video: av.VideoStream) -> tuple[list[Unit], list[bytes]]:
    """Return the pictures of a file, and every unit there is in the first of them."""
    pictures: list[Unit] = []
    filtered = av.BitStreamFilterContext("h264_mp4toannexb", video)
    for read in file.demux(video):
        for packet in filtered.filter(read if read.size else None):
            assert packet.pts is not None
            assert packet.time_base is not None
            parts = tuple(part for part in START.split(bytes(packet)) if part)
            due = (packet.pts if packet.dts is None else packet.dts) * packet.time_base
            pictures.append(Unit(track=0, due=due, shown=packet.pts * packet.time_base, parts=parts))
    return pictures, list(pictures[0].parts)


def _pieces(file: av.container.InputContainer, sound: av.AudioStream) -> Iterator[Unit]:
    for packet in file.demux(sound):
        if packet.size and packet.pts is not None:
            at = packet.pts * packet.time_base
            yield Unit(track=1, due=at, shown=at, parts=(bytes(packet),))


def _h264_lines(parts: list[bytes]) -> str:
    sequence, picture = (next(part for part in parts if part[0] & 31 == kind) for kind in (7, 8))
    sets = ",".join(base64.b64encode(part).decode() for part in (sequence, picture))
    return (
        f"a=rtpmap:PT H264/{VIDEO_RATE}\r\n"
        f"a=fmtp:PT packetization-mode=1;profile-level-id={sequence[1:4].hex()};sprop-parameter-sets={sets}"
    )


def _aac_lines(sound: av.AudioStream) -> str:
    config = (sound.codec_context.extradata or b"").hex()
    return (
        f"a=rtpmap:PT MPEG4-GENERIC/{sound.rate}/{sound.channels}\r\n"
        "a=fmtp:PT streamtype=5;profile-level-id=1;mode=AAC-hbr;"
        f"sizelength=13;indexlength=3;indexdeltalength=3;config={config}"
    )


def _split_h264(parts: tuple[bytes, ...]) -> Iterator[tuple[bytes, bool]]:
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        if len(part) <= MOST_BYTES:
            yield part, last
            continue
        body, step = part[1:], MOST_BYTES - 2
        for start in range(0, len(body), step):
            ends = start + step >= len(body)
            head = bytes([part[0] & 0xE0 | FU_A, (start == 0) << 7 | ends << 6 | part[0] & 31])
            yield head + body[start : start + step], last and ends


def _split_aac(parts: tuple[bytes, ...]) -> Iterator[tuple[bytes, bool]]:
    for part in parts:
        yield struct.pack(">HH", 16, len(part) << 3) + part, True


def _aggregated(body: bytes) -> Iterator[bytes]:
    while len(body) > 2:
        length = int.from_bytes(body[:2], "big")
        yield body[2 : 2 + length]
        body = body[2 + length :]

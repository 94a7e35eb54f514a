"""A video file, pipe or URL in, its pictures and the packets of its other streams out, as FFmpeg reads them."""

import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from stages.decode.config import DecodeConfig
from stages.decode.names import SILENT, STDIN, cause, is_url, public_name, reason
from stages.decode.picture import picture_format
from stages.decode.side import codec_of, rational, side_stream
from stages.errors import SourceError
from transport.messages import Attachment, Chapter, SideStream, StreamInfo

log = logging.getLogger(__name__)

NOT_A_FILM = Disposition.attached_pic | Disposition.timed_thumbnails
TEXT = ("tty", "bin", "xbin", "adf", "idf")  # FFmpeg paints these as letters on a screen
UNDECODABLE_AT_START = 300  # packets: a broadcast that is joined between two keyframes begins with some
SLACK_S = Fraction(1, 4)  # between a container's stated duration and its last packet
DRAIN_TRIES = 64  # more than a decoder has threads and delayed frames


class BrokenOff(Exception):
    """The source ended where it should not; its message says why, without the source's name."""


@contextmanager
def open_container(source: str, config: DecodeConfig) -> Iterator["ContainerSource"]:
    """Open a source and choose its video; SourceError if there is none."""
    name = public_name(source)
    _look(source, name)
    try:
        container = _open(source, config)
    except (av.error.FFmpegError, OSError, ValueError) as error:
        hint = "; an MP4 whose index is at its end cannot be read from a pipe" if source == STDIN else ""
        raise SourceError(f"{name} cannot be read as video: {reason(error)}{hint}") from cause(error, source)
    with container:
        yield ContainerSource(container, name, config)


def _look(source: str, name: str) -> None:
    """Say in plain words what FFmpeg would say in its own."""
    if source == STDIN or is_url(source):
        return
    if not source:
        raise SourceError("the source has no name, a video file, a folder of images, a URL or - expected")
    path = Path(source)
    try:
        size = path.stat().st_size
    except OSError as error:
        raise SourceError(f"{name} cannot be read: {reason(error)}") from error
    if not os.access(path, os.R_OK):
        raise SourceError(f"{name} cannot be read: permission denied")
    if path.is_file() and size == 0:
        raise SourceError(f"{name} is empty, a video expected")


def _open(source: str, config: DecodeConfig) -> InputContainer:
    if source == STDIN:  # the fd protocol, and not pipe, as it can seek where standard input is a file
        return av.open("fd:", options={"fd": "0"}, metadata_errors="replace")
    if config.live:
        return _open_live(source, config)
    if is_url(source):
        return av.open(source, metadata_errors="replace", timeout=config.timeout_s)
    return av.open(f"file:{source}", metadata_errors="replace")  # a colon in a path is not a protocol


def _open_live(source: str, config: DecodeConfig) -> InputContainer:
    """Open a camera or broadcast: over TCP where there is the choice, and without looking at seconds of it first."""
    options = {"fflags": "genpts+discardcorrupt", "analyzeduration": "1000000"}
    if source.startswith("rtsp"):
        options["rtsp_transport"] = "tcp"
    if source.startswith("/dev/video"):
        return av.open(source, format="v4l2", metadata_errors="replace")
    return av.open(source, options=options, metadata_errors="replace", timeout=(config.timeout_s, config.timeout_s))


class ContainerSource:
    """An open container: what is known of it, and what is in it, once."""

    def __init__(self, container: InputContainer, name: str, config: DecodeConfig) -> None:
        self._container = container
        self._name = name
        self._tolerate, self._live, self._timeout_s = config.tolerate, config.live, config.timeout_s
        self._video = _choose(container, name)
        self._video.thread_type = "AUTO"  # PyAV's own choice, SLICE, is slower by half
        self._video.codec_context.thread_count = config.threads
        self._sides: dict[int, SideStream] = {}
        for stream in container.streams:
            if stream is not self._video and stream.type != "attachment" and (side := side_stream(stream)):
                self._sides[stream.index] = side
        self.time_base = self._video.time_base or Fraction(1, 1000)
        self.frame_rate = self._video.guessed_rate or self._video.average_rate or Fraction(0)
        self._decoded = self._damaged = self._skipped = self._undecoded = 0  # frames, frames, packets, packets in a row
        self._broken = ""  # why the source ended before its end
        self._reached = Fraction(0)  # seconds at which the last packet so far is over
        self._last_dts: int | None = None  # of the video

    def describe(self, first: av.VideoFrame) -> StreamInfo:
        """Return what is known of the source, now that its first picture is there."""
        video, container = self._video, self._container
        return StreamInfo(
            stream=self._name,
            epoch=0,
            format=picture_format(first, self.sample_aspect),
            time_base=rational(self.time_base),
            frame_rate=rational(self.frame_rate),
            codec=codec_of(video),
            container=container.format.name,
            frames=video.frames or self._guessed_frames(),
            bit_rate=video.codec_context.bit_rate or container.bit_rate or 0,
            metadata=dict(container.metadata),
            video_metadata=dict(video.metadata),
            disposition=int(video.disposition),
            sides=tuple(self._sides.values()),
            attachments=tuple(_attachment(stream) for stream in container.streams.attachments),
            chapters=tuple(_chapters(container)),
        )

    @property
    def sample_aspect(self) -> tuple[int, int]:
        """The shape of a pixel, as container or codec state it."""
        return rational(self._video.sample_aspect_ratio)

    def pieces(self) -> Iterator["av.VideoFrame | av.Packet[av.stream.Stream]"]:
        """Yield pictures in presentation order and packets of the side streams, as they come.

        When the source breaks off, everything that was read before is yielded first, then BrokenOff is raised.
        """
        for packet in self._packets():
            index = packet.stream.index  # and not stream_index, which is 0 in the packets that flush the decoders
            if index == self._video.index:
                yield from self._decode(packet)
            elif index in self._sides and (packet.size or packet.dts is not None):
                yield packet
            if self._broken:
                break
        if self._broken:
            yield from self._drain()
        if self._damaged:
            log.warning("%s: %d pictures are damaged", self._name, self._damaged)
        if self._skipped:
            log.warning("%s: %d packets could not be decoded and are left out", self._name, self._skipped)
        if self._broken:
            raise BrokenOff(self._broken)

    def _packets(self) -> Iterator["av.Packet[av.stream.Stream]"]:
        incomplete = False
        try:
            for packet in self._heard():
                if packet.size:
                    incomplete = packet.is_corrupt
                    self._passed(packet)
                yield packet
        except (av.error.FFmpegError, OSError) as error:
            self._broken = reason(error)
        if not self._broken:
            self._broken = "its last packet is incomplete" if incomplete else self._missing()

    def _heard(self) -> Iterator["av.Packet[av.stream.Stream]"]:
        """Yield packets; the source has broken off after one that came only when the patience was over.

        FFmpeg gives what it held back then, and would be as patient again.
        """
        asked = time.monotonic()
        for packet in self._container.demux():
            waited = time.monotonic() - asked
            yield packet
            if is_url(self._name) and waited >= self._timeout_s:
                self._broken = SILENT
                return
            asked = time.monotonic()

    def _passed(self, packet: "av.Packet[Any]") -> None:
        if packet.pts is not None:
            self._reached = max(self._reached, (packet.pts + (packet.duration or 0)) * packet.time_base)
        if packet.dts is not None and packet.stream.index == self._video.index:
            self._last_dts = packet.dts

    def _missing(self) -> str:
        """Return what the container promises beyond its end: a file that was cut between two packets ends silently."""
        if self._live:
            return "it ended, or the connection did"
        name, duration = self._container.format.name, self._container.duration
        if name.startswith("matroska") and duration:
            promised = Fraction(duration, av.time_base)
            if promised - self._reached > SLACK_S:
                return f"it ends at {float(self._reached):.2f} s and promises {float(promised):.2f} s"
        index = self._video.index_entries if name.startswith("mov") else ()
        last = index[len(index) - 1].timestamp if len(index) else None
        if last is not None and self._last_dts is not None and last > self._last_dts:
            return f"its index goes on to tick {last}, its packets to {self._last_dts}"
        return ""

    def _decode(self, packet: "av.Packet[Any]") -> Iterator[av.VideoFrame]:
        try:
            frames = self._video.decode(packet if packet.size else None)
        except av.error.FFmpegError as error:
            self._undecodable(reason(error))
            return
        for frame in frames:
            self._decoded += 1
            self._undecoded = 0
            self._damaged += frame.is_corrupt
            if self._container.format.name == "avi":
                frame.pts = frame.dts  # an AVI has no pts, and those made up for it jump where there are B-frames
            yield frame

    def _undecodable(self, why: str) -> None:
        """Skip what is tolerated, and end the source where it is too much."""
        self._undecoded += 1
        limit = self._tolerate if self._decoded else max(self._tolerate, UNDECODABLE_AT_START)
        if self._undecoded > limit:
            self._broken = why
        else:
            self._skipped += 1
            log.debug("%s: a packet after %d frames is skipped: %s", self._name, self._decoded, why)

    def _drain(self) -> Iterator[av.VideoFrame]:
        """Yield what the decoder still holds; threads that fail at their own packet are asked again."""
        for _ in range(DRAIN_TRIES):
            try:
                yield from self._video.decode(None)
                return
            except EOFError:
                return
            except av.error.FFmpegError:
                continue

    def _guessed_frames(self) -> int:
        duration = self._container.duration
        return round(Fraction(duration, av.time_base) * self.frame_rate) if duration and duration > 0 else 0


def _choose(container: InputContainer, name: str) -> VideoStream:
    if container.format.name in TEXT:
        raise SourceError(f"{name} is text, a video expected")
    films = [stream for stream in container.streams.video if not stream.disposition & NOT_A_FILM]
    if not films:
        kinds = ", ".join(sorted({stream.type for stream in container.streams})) or "nothing"
        raise SourceError(f"{name} has no video, only {kinds}")
    best = container.streams.best("video")
    video = best if best in films else films[0]
    if video.codec_context is None:
        raise SourceError(f"{name} has video that FFmpeg has no decoder for: {video.name}")
    return video


def _attachment(stream: av.stream.AttachmentStream) -> Attachment:
    name = stream.metadata.get("filename", f"attachment {stream.index}")
    return Attachment(name=name, mimetype=stream.mimetype or "", data=np.frombuffer(stream.data, np.uint8))


def _chapters(container: InputContainer) -> Iterator[Chapter]:
    for entry in container.chapters():
        yield Chapter(
            id=entry["id"],
            start=entry["start"],
            end=entry["end"],
            time_base=rational(entry["time_base"]),
            metadata=dict(entry["metadata"]),
        )

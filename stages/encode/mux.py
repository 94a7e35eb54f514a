"""One video file: frames and side packets in, a file that may be killed at any moment out.

While it is written the file lies under its partial name in fragments (mp4, mov) or clusters (Matroska) of a second.
At the end an mp4 gets an ordinary index over all of it (FFmpeg's hybrid_fragmented). That index is kept in memory until
then, about a hundred bytes a packet: some 25 MB for an hour of video with sound.
"""

import contextlib
import logging
import os
from collections.abc import Iterable
from fractions import Fraction
from math import lcm

import av
from av.container import OutputContainer
from av.stream import Stream

from stages.decode.names import reason
from stages.encode import sides
from stages.encode.choice import choose
from stages.encode.config import EncodeConfig
from stages.encode.containers import STDOUT, Container, container_of
from stages.encode.progress import QUEUE_S, Progress
from stages.encode.sink import FileSink, PipeSink
from stages.encode.targets import partial_path
from stages.encode.track import Encoded, Track
from stages.errors import SinkError
from transport.messages import Chapter, Frame, Packet, SideStream, StreamInfo

log = logging.getLogger(__name__)

_MOV_TIMESCALES = range(10000, 2**31)  # FFmpeg doubles a video's time scale until it is in here (movenc.c)
_STDOUT_DESCRIPTOR = 1
_FILES = ("mov", "matroska", "avi", "nut", "image2")  # sources whose sound, if they have any, begins with the picture
_BUFFER_BYTES = 1 << 20


class Movie:
    """A file being written: `frames` are in the encoder, `durable` of them on the disk."""

    def __init__(self, info: StreamInfo, target: str, config: EncodeConfig) -> None:
        self.frames = 0
        self._target, self._container = target, container_of(target)
        self._choice = choose(info, self._container, config)
        self._carried = sides.carried(info, self._container)
        self._progress = Progress(alone=not self._carried)
        self._unheard: set[int] = set()  # side streams that lost a packet, to say so once
        self._sink = _open_sink(target, config)
        try:
            self._begin(info)
        except (av.error.FFmpegError, ValueError) as error:
            self._sink.release()
            raise SinkError(f"{target} cannot be begun as {self._container.format}: {reason(error)}") from error

    @property
    def durable(self) -> int:
        """How many frames would be in the file if every process were killed now."""
        return self._progress.durable

    def side(self, packet: Packet) -> None:
        """Mux a packet of a side stream; one that the container refuses is left out with a warning."""
        stream = self._streams.get(packet.index)
        if stream is None or not len(packet.data):
            return
        early = packet.pts is not None and packet.pts < 0 and not self._container.below_zero
        why = "times before 0 cannot be held" if early else self._mux_side(packet, stream)
        if why is not None and packet.index not in self._unheard:
            self._unheard.add(packet.index)
            log.warning("a packet of stream %d at %s is left out: %s", packet.index, packet.pts, why)

    def picture(self, frame: Frame) -> None:
        """Encode a frame and mux what comes out."""
        self._mux_video(self._track.encode(frame))
        self.frames += 1

    def finish(self) -> None:
        """Write all that is left and the index, and give the file its name."""
        self._mux_video(self._track.flush())
        try:
            self._output.close()
        except av.error.FFmpegError as error:
            raise SinkError(
                f"{self._target} could not be completed after frame {self.frames - 1}: {reason(error)}"
            ) from error
        self._check()
        self._sink.release()
        if self._target != STDOUT:
            self._give_name()

    def abandon(self) -> None:
        """Close the file as it is, under its partial name, with everything that the encoder still holds."""
        with contextlib.suppress(SinkError, av.error.FFmpegError):
            if self._sink.error is None:
                self._mux_video(self._track.flush())
        with contextlib.suppress(av.error.FFmpegError):
            self._output.close()
        self._sink.release()

    def _begin(self, info: StreamInfo) -> None:
        options = _options(info, self._container, self._carried)
        self._output = av.open(
            self._sink, "w", format=self._container.format, container_options=options, buffer_size=_BUFFER_BYTES
        )
        self._track = Track(self._output, info, self._choice, self._container)
        self._streams: dict[int, Stream] = {side.index: sides.add(self._output, side) for side in self._carried}
        _add_rest(self._output, info, self._container)
        self._output.start_encoding()

    def _mux_video(self, packets: Iterable[Encoded]) -> None:
        try:
            for packet, seq in packets:
                self._mux(packet, seq)
        except av.error.FFmpegError as error:
            raise SinkError(
                f"{self._target} could not be written after frame {self.frames - 1}: {reason(error)}"
            ) from error

    def _mux_side(self, packet: Packet, stream: Stream) -> str | None:
        """Mux a side packet; return why the container refuses it, None if it does not."""
        try:
            self._mux(sides.av_packet(packet, stream), None)
        except (av.error.FFmpegError, ValueError) as error:
            return reason(error)
        return None

    def _mux(self, packet: "av.Packet[Stream]", seq: int | None) -> None:
        ticks = packet.pts if packet.dts is None else packet.dts
        time = None if ticks is None else ticks * packet.time_base
        taken = self._sink.taken
        try:
            self._output.mux(packet)
        finally:
            if self._sink.error is not None:
                self._sink.cut()
            self._check()
        if self._container.arrival == "fragment" and self._sink.taken > taken:
            self._progress.arrived()
        self._sink.keep()
        self._progress.muxed(time, seq)
        if self._container.arrival == "packet":
            self._progress.arrived()

    def _check(self) -> None:
        """Raise what the operating system said to the last writes."""
        if (error := self._sink.error) is not None:
            place = "standard output" if self._target == STDOUT else self._target
            after = f"after frame {self.durable - 1}" if self.durable else "before any frame was safe"
            kept = "" if self._target == STDOUT else f"; all until then is kept in {partial_path(self._target)}"
            raise SinkError(f"{place} could not be written {after}: {error.strerror}{kept}") from error

    def _give_name(self) -> None:
        try:
            os.replace(partial_path(self._target), self._target)
        except OSError as error:
            raise SinkError(f"{self._target} could not be given its name: {error.strerror}") from error


def _open_sink(target: str, config: EncodeConfig) -> PipeSink | FileSink:
    if target == STDOUT:
        return PipeSink(_STDOUT_DESCRIPTOR)
    path = partial_path(target)
    if config.force:
        path.unlink(missing_ok=True)
    return FileSink(path)


def _options(info: StreamInfo, container: Container, carried: tuple[SideStream, ...]) -> dict[str, str]:
    """Return FFmpeg's options: nothing shifted in time, nothing kept back for long."""
    options = dict(container.options) | {
        "flush_packets": "1",  # what is written reaches the sink at once
        "avoid_negative_ts": "disabled",  # or everything moves when sound begins before 0
        "max_interleave_delta": str(QUEUE_S * 1_000_000),
    }
    if container.format in ("mp4", "mov"):
        options |= {"movflags": _movflags(info, carried), "movie_timescale": str(_movie_timescale(info, carried))}
    return options


def _movflags(info: StreamInfo, carried: tuple[SideStream, ...]) -> str:
    """Fragments while writing, an ordinary file at the end.

    With delay_moov the header waits for a packet of every stream, and then even a killed file knows when each begins.
    A stream that may stay silent for long, as a camera's sound does, cannot be waited for, since all that comes until
    then is kept in memory: without the wait every track of a killed file (not of a finished one) begins at 0.
    """
    sparse = any(side.kind != "audio" for side in carried) or not info.container.startswith(_FILES)
    return "hybrid_fragmented+empty_moov+negative_cts_offsets" if sparse else "hybrid_fragmented+delay_moov"


def _movie_timescale(info: StreamInfo, carried: tuple[SideStream, ...]) -> int:
    """Return ticks a second in which every stream's beginning is exact (edit lists are in these)."""
    scale = info.time_base[1]
    while scale not in _MOV_TIMESCALES and scale < _MOV_TIMESCALES.start:
        scale *= 2
    for side in carried:
        if (common := lcm(scale, side.time_base[1])) in _MOV_TIMESCALES:
            scale = common
    return min(scale, _MOV_TIMESCALES.stop - 1)


def _add_rest(output: OutputContainer, info: StreamInfo, container: Container) -> None:
    """Add what is not a stream: metadata, chapters and attached files."""
    output.metadata.update(sides.fresh(info.metadata))
    output.set_chapters([_chapter(chapter) for chapter in info.chapters])
    for attachment in info.attachments:
        if container.format == "matroska":
            output.add_attachment(attachment.name, attachment.mimetype, attachment.data.tobytes())
        else:
            log.warning("attachment %s is left out: only .mkv can hold it", attachment.name)


def _chapter(chapter: Chapter) -> "av.container.core.Chapter":
    return {
        "id": chapter.id,
        "start": chapter.start,
        "end": chapter.end,
        "time_base": Fraction(*chapter.time_base),
        "metadata": dict(chapter.metadata),
    }

"""The last stage: clean frames and side packets in, a video file or a folder of pictures out.

It says after every frame how far the output has come. Frames the encoder holds back: codecs.LOOKAHEAD, its B-frames and
one in each of its threads.
"""

from collections.abc import Iterable, Iterator
from typing import Protocol

from stages.encode.composite import composited
from stages.encode.config import EncodeConfig
from stages.encode.images import Pictures
from stages.encode.mux import Movie
from stages.encode.targets import check_place, is_folder
from stages.errors import SinkError
from transport.messages import CleanFrame, Frame, Packet, PictureFormat, StreamInfo, Written


class Writer(Protocol):
    """A video file or a folder of pictures being written."""

    frames: int

    @property
    def durable(self) -> int:
        """How many frames would outlive a kill."""
        ...

    def side(self, packet: Packet) -> None:
        """Take a packet of a side stream."""
        ...

    def picture(self, frame: Frame) -> None:
        """Take the next frame."""
        ...

    def finish(self) -> None:
        """Complete the output and give it its name."""
        ...

    def abandon(self) -> None:
        """Leave the output as it is, readable up to here."""
        ...


def encode(items: Iterable[StreamInfo | Packet | CleanFrame], target: str, config: EncodeConfig) -> Iterator[Written]:
    """Yield how far the output has come after every frame, and once more when it is complete and has its name.

    `items` begin with one StreamInfo; CleanFrames follow in order, Packets anywhere among them. Holds no more frames
    than the encoder does. SinkError or OptionError if the output cannot be written, ValueError if frames are missing
    or repeated. When it is closed early, what there is stays readable under its partial name; a stream without a frame
    never gets another.
    """
    stream = iter(items)
    info = next(stream, None)
    if not isinstance(info, StreamInfo):
        raise ValueError(f"a stream begins with a StreamInfo, {type(info).__name__} found")
    writer = _writer(info, target, config)
    try:
        for item in stream:
            if isinstance(item, Packet):
                writer.side(item)
            else:
                writer.picture(_clean(item, info.format, writer.frames))
                yield Written(frames=writer.frames, durable=writer.durable)
        if not writer.frames:  # it failed before its first frame: nothing that may take the target's name
            writer.abandon()
            return
        writer.finish()
    except BaseException:
        writer.abandon()
        raise
    yield Written(frames=writer.frames, durable=writer.frames)


def _writer(info: StreamInfo, target: str, config: EncodeConfig) -> Writer:
    images = info.container.startswith("image2")
    check_place(target, config, info.stream, images=images)
    return Pictures(info, target) if is_folder(target, images=images) else Movie(info, target, config)


def _clean(item: StreamInfo | CleanFrame, expected: PictureFormat, seq: int) -> Frame:
    """Return the frame with its patch laid over it, after making sure that it is the one expected."""
    if not isinstance(item, CleanFrame):
        raise ValueError(f"{type(item).__name__} before frame {seq}, a CleanFrame or Packet expected")
    frame = item.frame
    if frame.seq != seq:
        raise ValueError(f"frame {frame.seq} came where frame {seq} was expected")
    if frame.format != expected:
        raise SinkError(f"frame {seq} is {_spelt(frame.format)}, the stream began as {_spelt(expected)}")
    return composited(item)


def _spelt(picture: PictureFormat) -> str:
    return f"{picture.width}x{picture.height} {picture.pixel_format}"

"""RGB pictures with the times of a source in, a video without sound out."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from deploy.demo.clip import NOTHING, yuv420p
from deploy.quality.looks import even
from deploy.quality.pictures import Picture
from stages.encode.config import EncodeConfig
from stages.encode.encode import encode
from transport.messages import CleanFrame, Frame, Patch, PictureFormat, StreamInfo


def write_film(pictures: Iterable[tuple[Frame, Picture]], info: StreamInfo, target: str, config: EncodeConfig) -> None:
    """Write pictures, all of one size, each at the time of a frame of the source that `info` tells of.

    Takes them one at a time; SinkError or OptionError if the video cannot be written.
    """
    for _ in encode(_items(pictures, info), target, config):
        pass


def _items(pictures: Iterable[tuple[Frame, Picture]], info: StreamInfo) -> Iterator[StreamInfo | CleanFrame]:
    silent: StreamInfo | None = None
    for source, picture in pictures:
        drawn = even(picture)
        if silent is None:
            silent = _silent(info, drawn.shape[1], drawn.shape[0])
            yield silent
        frame = replace(source, format=silent.format, planes=yuv420p(drawn))
        yield CleanFrame(frame=frame, patch=Patch(seq=frame.seq, mask=NOTHING, pixels=None))


def _silent(info: StreamInfo, width: int, height: int) -> StreamInfo:
    """Return what is to be said of the video: the source's clock, and nothing else of it."""
    picture = PictureFormat(
        width=width, height=height, pixel_format="yuv420p", color_range=1, matrix=1, primaries=1, transfer=1
    )
    return replace(
        info,
        format=picture,
        codec="h264",
        container="matroska",
        metadata={},
        video_metadata={},
        bit_rate=0,
        sides=(),
        attachments=(),
        chapters=(),
    )

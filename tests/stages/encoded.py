"""What the tests of encode share: a file or a list of frames through the stage, and what came out read back."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from stages.decode.config import DecodeConfig
from stages.decode.decode import decode
from stages.encode.config import EncodeConfig
from stages.encode.encode import encode
from tests.clips import Clip, message
from transport.messages import Box, CleanFrame, Frame, Mask, Packet, Patch, StreamInfo, Written

Item = StreamInfo | Packet | CleanFrame
Wipe = Callable[[Frame], Patch]


def untouched(frame: Frame) -> Patch:
    """A patch of nothing."""
    mask = Mask(box=Box(x=0, y=0, width=0, height=0), alpha=np.zeros((0, 0), np.uint8))
    return Patch(seq=frame.seq, mask=mask, pixels=None)


def info_of(clip: Clip, **other: object) -> StreamInfo:
    """What decode would say of the clip."""
    base, _ = clip.ticks
    known = {
        "stream": "clip",
        "epoch": 0,
        "format": clip.format,
        "time_base": (base.numerator, base.denominator),
        "frame_rate": (clip.fps, 1),
        "codec": clip.codec,
        "container": "matroska,webm",
        "frames": clip.frames,
        "bit_rate": 0,
        "metadata": {},
        "video_metadata": {},
        "disposition": 0,
        "sides": (),
        "attachments": (),
        "chapters": (),
    }
    return StreamInfo(**(known | other))


def synthetic(clip: Clip, wipe: Wipe = untouched, **other: object) -> Iterator[Item]:
    """What inpaint would send of the clip, without a file."""
    yield (info := info_of(clip, **other))
    base, pts = clip.ticks
    for seq in range(clip.frames):
        frame = message(seq, info.format, pts[seq], round(1 / (clip.fps * base)))
        yield CleanFrame(frame=frame, patch=wipe(frame))


def cleaned(source: Path, wipe: Wipe = untouched) -> Iterator[Item]:
    """What inpaint would send of a file."""
    for item in decode(str(source), DecodeConfig()):
        yield CleanFrame(frame=item, patch=wipe(item)) if isinstance(item, Frame) else item


def written(source: Path, target: Path, config: EncodeConfig = EncodeConfig()) -> list[Written]:  # noqa: B008
    """Send a whole file through the stage."""
    return list(encode(cleaned(source), str(target), config))


def frames_of(path: Path) -> list[Frame]:
    """Every frame of a file."""
    return [item for item in decode(str(path), DecodeConfig()) if isinstance(item, Frame)]


def info_in(path: Path) -> StreamInfo:
    """What decode says of a file."""
    first = next(iter(decode(str(path), DecodeConfig())))
    assert isinstance(first, StreamInfo)
    return first


def times(path: Path) -> list[Fraction]:
    """When each frame of a file is shown, in seconds, as FFmpeg reads it."""
    with av.open(str(path)) as file:
        return [frame.pts * frame.time_base for frame in file.decode(video=0)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A packet of a side stream, as FFmpeg reads it."""

    time: Fraction | None  # seconds
    duration: Fraction
    data: bytes


def pieces(path: Path, kind: str, index: int = 0) -> list[Piece]:
    """Every packet of one side stream."""
    with av.open(str(path)) as file:
        stream = [stream for stream in file.streams if stream.type == kind][index]
        return [
            Piece(
                time=None if packet.pts is None else packet.pts * packet.time_base,
                duration=packet.duration * packet.time_base,
                data=bytes(packet),
            )
            for packet in file.demux(stream)
            if packet.size
        ]

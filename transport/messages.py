"""The messages that travel between stages: frozen records of plain numbers and numpy arrays.

Decode sends one StreamInfo, then Frames and Packets in the order of the file. Segment turns Frames into MaskedFrames,
inpaint turns those into CleanFrames; StreamInfo and Packets pass through both untouched.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAX_SIDE = 32767  # pixels; FFmpeg's own limit is of this order, and a header cannot ask for more
MAX_PLANES = 4
MAX_COMPONENTS = 4  # interleaved in one row

Rational = tuple[int, int]  # numerator, denominator
Plane = NDArray[np.uint8] | NDArray[np.uint16]
Bytes = NDArray[np.uint8]  # (n,)


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureFormat:
    """What the samples of a picture mean; numbers as in FFmpeg (ITU-T H.273)."""

    width: int  # pixels
    height: int
    pixel_format: str  # FFmpeg's name: yuv420p, nv12, gbrp10le, ...
    color_range: int = 0  # 0 unknown, 1 limited, 2 full
    matrix: int = 2  # 2 is "unspecified" here and below
    primaries: int = 2
    transfer: int = 2
    sample_aspect: Rational = (0, 1)  # 0/1 is unknown
    rotation: int = 0  # degrees counter-clockwise, to be applied by the player

    def __post_init__(self) -> None:
        if not (0 < self.width <= MAX_SIDE and 0 < self.height <= MAX_SIDE):
            raise ValueError(f"a picture of {self.width}x{self.height} is outside 1x1 to {MAX_SIDE}x{MAX_SIDE}")
        if not all(0 <= number < 1 << 16 for number in (self.color_range, self.matrix, self.primaries, self.transfer)):
            raise ValueError(f"colours that no standard numbers so: {self}")
        _check_rational("an aspect", self.sample_aspect)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SideStream:
    """A stream that is carried along untouched: sound, subtitles, data, cover art."""

    index: int  # its position among the source's streams; Packets name it
    kind: str  # audio, subtitle, data, video
    time_base: Rational
    disposition: int  # FFmpeg's bit field
    metadata: dict[str, str]
    header_format: str  # FFmpeg's name of the container that `header` is written in
    header: Bytes  # that container without any packet: the codec parameters, as no message could spell them all

    def __post_init__(self) -> None:
        _check_rational("a time base", self.time_base)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Attachment:
    """A file inside the video file, such as a font for its subtitles."""

    name: str
    mimetype: str
    data: Bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """A named stretch of the video, in ticks of its own time base."""

    id: int
    start: int
    end: int
    time_base: Rational
    metadata: dict[str, str]

    def __post_init__(self) -> None:
        _check_rational("a time base", self.time_base)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StreamInfo:
    """What is known of a source before its first frame."""

    stream: str  # the source's name, without credentials
    epoch: int  # counts re-openings of the same source
    format: PictureFormat
    time_base: Rational  # seconds per tick of every Frame's pts
    frame_rate: Rational  # guessed, 0/1 if unknown; never used as a clock
    codec: str  # FFmpeg's name of the source's codec: h264, ffv1, ...
    container: str  # FFmpeg's name of the source's format: "mov,mp4,...", "image2", ...
    frames: int  # as the container states or guesses, 0 if unknown; for progress only
    bit_rate: int  # bits per second of the video, 0 if unknown
    metadata: dict[str, str]  # of the file
    video_metadata: dict[str, str]  # of the video stream
    disposition: int
    sides: tuple[SideStream, ...]
    attachments: tuple[Attachment, ...]
    chapters: tuple[Chapter, ...]

    def __post_init__(self) -> None:
        _check_rational("a time base", self.time_base)
        _check_rational("a frame rate", self.frame_rate)
        if not self.time_base[0]:
            raise ValueError("the video's time base is unknown")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Packet:
    """A piece of a side stream, as it lay in the file."""

    index: int  # SideStream.index
    pts: int | None
    dts: int | None
    duration: int
    time_base: Rational
    key: bool
    discard: bool
    data: Bytes
    side_data: dict[str, bytes]  # by FFmpeg's name of the type: skip_samples, ...

    def __post_init__(self) -> None:
        _check_rational("a time base", self.time_base)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """One picture in the decoder's own planes.

    `seq` counts the frames of a stream from 0 without gaps. A plane is a C-contiguous (rows, samples) array;
    interleaved components (nv12's chroma, rgb24) lie in one row. `stages.pixels` knows what they mean.
    """

    seq: int
    pts: int  # presentation time, in ticks of StreamInfo.time_base
    duration: int  # ticks, 0 if unknown
    key: bool  # the source had a keyframe here
    format: PictureFormat
    captured: float = 0.0  # seconds since 1970 at which it came from a live source, 0 for any other
    read: float = 0.0  # seconds since 1970 at which decode gave it; for measurements alone, nothing depends on it
    planes: tuple[Plane, ...]

    def __post_init__(self) -> None:
        if self.seq < 0:
            raise ValueError(f"frame {self.seq}: frames count from 0")
        if not 1 <= len(self.planes) <= MAX_PLANES:
            raise ValueError(f"frame {self.seq}: {len(self.planes)} planes, 1 to {MAX_PLANES} expected")
        for plane in self.planes:
            if plane.ndim != 2 or plane.dtype not in (np.uint8, np.uint16):
                raise ValueError(f"frame {self.seq}: a plane of {plane.dtype} {plane.shape}, 8 or 16 bit rows expected")
            rows, samples = plane.shape
            if not (0 < rows <= self.format.height and 0 < samples <= MAX_COMPONENTS * self.format.width):
                raise ValueError(f"frame {self.seq}: a plane of {plane.shape} does not fit {self.format}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle of pixels; empty when its width or height is 0."""

    x: int
    y: int
    width: int
    height: int

    def __post_init__(self) -> None:
        if min(self.x, self.y, self.width, self.height) < 0:
            raise ValueError(f"a box cannot have a negative side or corner: {self}")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mask:
    """What is to be removed of a frame: alpha 255 is gone, 0 is untouched bit for bit, between is blended.

    `box` encloses all of it and is aligned to the chroma grid, so that no untouched pixel shares a chroma sample
    with a touched one.
    """

    box: Box
    alpha: NDArray[np.uint8]  # (box.height, box.width)

    def __post_init__(self) -> None:
        if self.alpha.dtype != np.uint8 or self.alpha.shape != (self.box.height, self.box.width):
            raise ValueError(f"alpha of {self.alpha.dtype} {self.alpha.shape} does not fit {self.box}")

    @property
    def empty(self) -> bool:
        """Nothing of this frame is to be removed."""
        return self.alpha.size == 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MaskedFrame:
    """One picture and what is to be removed from it."""

    frame: Frame
    mask: Mask
    shot: int  # counts cuts and gaps: a window never crosses from one shot into another
    emit: bool  # False for lead-in and look-ahead, which a chunk only looks at
    blurred: Mask | None = None  # what of the mask is to be blurred, not filled: an object was lost there

    def __post_init__(self) -> None:
        _check_inside(self.mask.box, self.frame)
        if self.blurred is not None:
            _check_inside(self.blurred.box, self.frame)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Patch:
    """The filled pixels of one frame, in the source's own components (YUV stays YUV) at full resolution."""

    seq: int
    mask: Mask
    pixels: Plane | None  # (box.height, box.width * components) as the source's words; None when the mask is empty

    def __post_init__(self) -> None:
        if self.seq < 0:
            raise ValueError(f"frame {self.seq}: frames count from 0")
        if (self.pixels is None) != self.mask.empty:
            raise ValueError(f"frame {self.seq}: a patch has pixels exactly where its mask is not empty")
        if self.pixels is not None:
            box, shape = self.mask.box, self.pixels.shape
            if shape not in ((box.height, box.width), (box.height, 3 * box.width)):
                raise ValueError(f"frame {self.seq}: pixels {shape} do not fit {box}")
            if self.pixels.dtype not in (np.uint8, np.uint16):
                raise ValueError(f"frame {self.seq}: pixels of {self.pixels.dtype}, 8 or 16 bits expected")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CleanFrame:
    """One picture and the patch that makes it clean."""

    frame: Frame
    patch: Patch

    def __post_init__(self) -> None:
        if self.frame.seq != self.patch.seq:
            raise ValueError(f"frame {self.frame.seq} cannot take the patch of frame {self.patch.seq}")
        _check_inside(self.patch.mask.box, self.frame)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """How far the output has come."""

    frames: int  # given to the encoder
    durable: int  # of these, in the file even if every process were killed now


Message = StreamInfo | Packet | Frame | MaskedFrame | Patch | CleanFrame | Written


def _check_rational(what: str, value: Rational) -> None:
    if value[0] < 0 or value[1] <= 0:
        raise ValueError(f"{what} of {value[0]}/{value[1]}, at least 0/1 expected")


def _check_inside(box: Box, frame: Frame) -> None:
    width, height = frame.format.width, frame.format.height
    if box.x + box.width > width or box.y + box.height > height:
        raise ValueError(f"frame {frame.seq}: {box} reaches outside {width}x{height}")

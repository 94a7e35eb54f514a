"""A decoder's picture in, its format and its planes out: tightly packed copies, in a pixel format cleanplate knows."""

from functools import cache

import av
import numpy as np
from av.sidedata.sidedata import Type
from av.video.plane import VideoPlane
from numpy.typing import NDArray

from stages.errors import SourceError
from stages.pixels import layout, plane_shapes
from transport.messages import MAX_SIDE, PictureFormat, Plane

FULL_RANGE = 2

# What a format that stages.pixels does not know is read as: the same samples in other places, so nothing is lost.
# Alpha is kept where there is any (a palette may have it).
_UNPACKED = {
    "yuyv422": "yuv422p",
    "uyvy422": "yuv422p",
    "yvyu422": "yuv422p",
    "uyyvyy411": "yuv411p",
    "y210le": "yuv422p10le",
    "y212le": "yuv422p12le",
    "y216le": "yuv422p16le",
    "nv20le": "yuv422p10le",
    "nv42": "yuv444p",
    "vyu444": "yuv444p",
    "vuyx": "yuv444p",
    "vuya": "yuva444p",
    "ayuv": "yuva444p",
    "uyva": "yuva444p",
    "ayuv64le": "yuva444p16le",
    "v30xle": "yuv444p10le",
    "xv30le": "yuv444p10le",
    "xv36le": "yuv444p12le",
    "xv48le": "yuv444p16le",
    "yuv444p10msble": "yuv444p10le",
    "yuv444p12msble": "yuv444p12le",
    "x2rgb10le": "gbrp10le",
    "x2bgr10le": "gbrp10le",
    "monow": "gray",
    "monob": "gray",
    "ya8": "gbrap",
    "ya16le": "gbrap16le",
    "pal8": "bgra",
    "rgb8": "rgb24",
    "bgr8": "rgb24",
    "rgb4_byte": "rgb24",
    "bgr4_byte": "rgb24",
}
_DEEP_COLOUR = ("rgb444", "bgr444", "rgb555", "bgr555", "rgb565", "bgr565")  # 4 to 6 bits, widened to 8

# These hold more than 16 bits, or swscale rounds them: the nearest there is, and the user is told. Integers of 32 bits
# are left out, as swscale does not read them, and grey floats with alpha, as it aborts the process on them.
_NEAREST = {
    "gbrp10msble": "gbrp10le",
    "gbrp12msble": "gbrp12le",
    "grayf16le": "gray16le",
    "grayf32le": "gray16le",
    "gbrpf16le": "gbrp16le",
    "gbrpf32le": "gbrp16le",
    "gbrapf16le": "gbrap16le",
    "gbrapf32le": "gbrap16le",
    "rgbf16le": "rgb48le",
    "rgbf32le": "rgb48le",
    "rgbaf16le": "rgba64le",
    "rgbaf32le": "rgba64le",
    "xyz12le": "rgb48le",
}


@cache
def worked_in(pixel_format: str) -> str:
    """Return the pixel format that pictures of `pixel_format` are handed on in; SourceError if there is none."""
    name = pixel_format.replace("yuvj", "yuv")  # FFmpeg's deprecated spelling of full range
    little = name.removesuffix("be") + "le" if name.endswith("be") else name
    if _known(little):
        return little
    if little.startswith(_DEEP_COLOUR):
        return "rgb24"
    if little.startswith("bayer_"):
        return "rgb48le" if little.endswith("16le") else "rgb24"
    if found := _UNPACKED.get(little) or _NEAREST.get(little):
        return found
    raise SourceError(f"pixel format {pixel_format} is not one that cleanplate works in")


def loses(pixel_format: str) -> bool:
    """Tell whether `worked_in` holds less than the pixel format itself."""
    little = pixel_format.removesuffix("be") + "le"
    return pixel_format in _NEAREST or little in _NEAREST or pixel_format.startswith("bayer_")


def picture_format(frame: av.VideoFrame, sample_aspect: tuple[int, int]) -> PictureFormat:
    """Return what the samples of `planes(frame)` mean; SourceError for a size that cannot be right."""
    width, height, name = frame.width, frame.height, frame.format.name
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        raise SourceError(f"a picture of {width}x{height} is outside 1x1 to {MAX_SIDE}x{MAX_SIDE}")
    return PictureFormat(
        width=width,
        height=height,
        pixel_format=worked_in(name),
        color_range=FULL_RANGE if name.startswith("yuvj") else int(frame.color_range),
        matrix=int(frame.colorspace),
        primaries=int(frame.color_primaries),
        transfer=int(frame.color_trc),
        sample_aspect=sample_aspect,
        rotation=frame.rotation,
    )


def mirrored(frame: av.VideoFrame) -> bool:
    """Tell whether the player is asked to mirror the picture, which PictureFormat.rotation cannot say."""
    try:
        data: bytes = bytes(frame.side_data.get(Type.DISPLAYMATRIX) or b"")  # type: ignore[call-overload]
    except ValueError:  # PyAV knows fewer kinds of side data than FFmpeg gives, such as TIFF's EXIF
        return False
    if not data:
        return False
    a, b, _, c, d, *_ = np.frombuffer(data, np.int32).astype(np.int64)  # a 3x3 matrix (libavutil/display.h)
    return bool(a * d - b * c < 0)


def planes(frame: av.VideoFrame, picture: PictureFormat) -> tuple[Plane, ...]:
    """Return copies of the frame's planes, without the padding at the end of their rows.

    They lie one after another in one block of memory, so that they travel as one piece.
    """
    name = frame.format.name.replace("yuvj", "yuv")
    if name != picture.pixel_format:
        frame = _convert(frame, picture.pixel_format)
    word = np.dtype(layout(picture.pixel_format).dtype)
    shapes = plane_shapes(picture)
    block = np.empty(sum(rows * samples for rows, samples in shapes), word)
    own, start = [], 0
    for plane, (rows, samples) in zip(frame.planes, shapes, strict=True):
        own.append(block[start : start + rows * samples].reshape(rows, samples))
        np.copyto(own[-1].view(np.uint8), _lines(plane, rows)[:, : samples * word.itemsize])
        start += rows * samples
    return tuple(own)


def _lines(plane: VideoPlane, rows: int) -> NDArray[np.uint8]:
    """Return (rows, line size) of the decoder's own memory, which it goes on using."""
    stride = abs(plane.line_size)
    lines: NDArray[np.uint8] = np.frombuffer(memoryview(plane), np.uint8)[: rows * stride].reshape(rows, stride)
    return lines[::-1] if plane.line_size < 0 else lines  # stored bottom up, as in BMP


def _convert(frame: av.VideoFrame, pixel_format: str) -> av.VideoFrame:
    """Let swscale move the samples; naming one range for both ends keeps it from touching their values."""
    span = "JPEG" if frame.color_range == FULL_RANGE else "MPEG"
    try:
        return frame.reformat(format=pixel_format, src_color_range=span, dst_color_range=span)
    except (av.error.FFmpegError, ValueError) as error:
        raise SourceError(f"pixel format {frame.format.name} cannot be read as {pixel_format}") from error


def _known(pixel_format: str) -> bool:
    try:
        return layout(pixel_format).bits <= 16
    except SourceError:
        return False

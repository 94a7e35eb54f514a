"""A folder of numbered PNGs: frames in, one picture file for each out, upright and in RGB."""

import os
from pathlib import Path

import cv2
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation

from stages.encode.pictures import arranged, picture
from stages.errors import SinkError
from stages.pixels import layout
from transport.messages import Frame, Packet, Plane, StreamInfo

_DIGITS = 5
_SWS_WHITE = 65283  # what swscale makes of limited range's white in 16 bits (measured, all matrices)
_HD_LINES = 720  # from here on unspecified colour is BT.709, below it BT.601, as players have it
_FULL_RANGE = 2
_MATRICES = {  # ITU-T H.273 to swscale
    1: Colorspace.ITU709,
    4: Colorspace.FCC,
    5: Colorspace.ITU601,
    6: Colorspace.ITU601,
    7: Colorspace.SMPTE240M,
    9: Colorspace.BT2020,
    10: Colorspace.BT2020,
}
_EXACT = (
    Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT | Interpolation.FULL_CHR_H_INP
)
_FAST = (cv2.IMWRITE_PNG_COMPRESSION, 1)


class Pictures:
    """A folder being filled; a picture appears under its name when it is whole."""

    def __init__(self, info: StreamInfo, target: str) -> None:
        self.frames = 0
        self._folder = Path(target)
        self._digits = max(_DIGITS, len(str(info.frames - 1)))

    @property
    def durable(self) -> int:
        """Every picture that was given is on the disk."""
        return self.frames

    def side(self, packet: Packet) -> None:
        """Leave a side packet out: pictures have no sound."""

    def picture(self, frame: Frame) -> None:
        """Write one picture; the first one makes the folder."""
        if not self.frames:
            self._make_folder()
        path = self._folder / f"{frame.seq:0{self._digits}}.png"
        whole = path.with_suffix(".partial")
        try:
            whole.write_bytes(png(rgb(frame)))
            os.replace(whole, path)
        except OSError as error:
            raise SinkError(
                f"{path} could not be written: {error.strerror}; frames up to {self.frames - 1} are kept"
            ) from error
        self.frames += 1

    def _make_folder(self) -> None:
        try:
            self._folder.mkdir(exist_ok=True)
        except OSError as error:
            raise SinkError(f"{self._folder} cannot be made: {error.strerror}") from error

    def finish(self) -> None:
        """Nothing is left to do."""

    def abandon(self) -> None:
        """Nothing has to be closed."""


def png(pixels: Plane) -> bytes:
    """Return a PNG of (H, W, 3) RGB or (H, W) grey, 8 or 16 bits as the array has."""
    done, data = cv2.imencode(".png", pixels[..., ::-1] if pixels.ndim == 3 else pixels, _FAST)
    if not done:
        raise SinkError(f"a picture of {pixels.shape[1]}x{pixels.shape[0]} cannot be written as PNG")
    return data.tobytes()


def rgb(frame: Frame) -> Plane:
    """Return the frame as (H, W, 3) RGB or (H, W) grey, full range, 16 bits if it has more than 8, turned upright."""
    lay = layout(frame.format.pixel_format)
    if lay.model == "gray":
        pixels = _widened(frame.planes[0], lay.bits)
    elif lay.model == "rgb":
        pixels = _packed(frame)
    else:
        pixels = _converted(frame)
    upright: Plane = np.ascontiguousarray(np.rot90(pixels, frame.format.rotation // 90))  # type: ignore[assignment]
    return upright


def _packed(frame: Frame) -> Plane:
    lay = layout(frame.format.pixel_format)
    planes = arranged(frame, f"gbrp{lay.bits}le" if lay.bits > 8 else "gbrp")
    green, blue, red = (_widened(plane, lay.bits) for plane in planes)
    pixels: Plane = np.stack((red, green, blue), axis=2)  # type: ignore[assignment]
    return pixels


def _widened(samples: Plane, bits: int) -> Plane:
    """Stretch 9 to 15 bits over 16, so that white stays white."""
    if bits in (8, 16):
        return samples
    return (samples.astype(np.uint32) * 65535 // ((1 << bits) - 1)).astype(np.uint16)


def _converted(frame: Frame) -> Plane:
    tags, lay = frame.format, layout(frame.format.pixel_format)
    full = tags.color_range == _FULL_RANGE or tags.pixel_format.startswith("yuvj")
    usual = Colorspace.ITU709 if tags.height >= _HD_LINES else Colorspace.ITU601
    matrix = _MATRICES.get(tags.matrix, usual)
    converted = picture(frame, tags.pixel_format).reformat(
        format="rgb48le" if lay.bits > 8 else "rgb24",
        src_colorspace=matrix,
        dst_colorspace=matrix,
        src_color_range=ColorRange.JPEG if full else ColorRange.MPEG,
        dst_color_range=ColorRange.JPEG,
        interpolation=_EXACT,
    )
    pixels: Plane = converted.to_ndarray()  # type: ignore[assignment]
    return (
        pixels if lay.bits == 8 else _whitened(pixels, ((1 << lay.bits) - 1) << (16 - lay.bits) if full else _SWS_WHITE)
    )


def _whitened(pixels: Plane, white: int) -> Plane:
    """Stretch 16-bit samples so that what swscale makes of white is white."""
    stretched: Plane = np.minimum(pixels.astype(np.uint32) * 65535 // white, 65535).astype(np.uint16)
    return stretched

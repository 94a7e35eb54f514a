"""Pixel formats: which samples lie where in a frame's planes, and how to read and write a box of them.

A box of pixels is (height, width, components) at full resolution, in the source's own components: Y U V, R G B or
grey. Nothing here converts between colour models, so nothing is lost by going through it.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.errors import SourceError
from transport.messages import Box, Frame, PictureFormat, Plane

Pixels = NDArray[np.float32]  # (h, w, C), 0 to 255 whatever the bit depth


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How FFmpeg's pixel format lays samples out in planes (libavutil/pixdesc.c)."""

    model: Literal["yuv", "rgb", "gray"]
    bits: int  # significant bits of a sample
    up: int  # how far they are shifted up in their word (p010: 6)
    shift: tuple[int, int]  # log2 of the chroma subsampling, across and down
    planes: tuple[str, ...]  # the components interleaved in each plane, by letter; A and X are not colour

    @property
    def components(self) -> str:
        """The colour components in the order in which boxes hold them."""
        return {"yuv": "YUV", "rgb": "RGB", "gray": "Y"}[self.model]

    @property
    def dtype(self) -> type[np.uint8] | type[np.uint16]:
        """The word a sample lies in."""
        return np.uint8 if self.bits <= 8 else np.uint16

    @property
    def grid(self) -> tuple[int, int]:
        """Width and height in pixels of the cell that shares one chroma sample."""
        return 1 << self.shift[0], 1 << self.shift[1]


_CHROMA = {"420": (1, 1), "422": (1, 0), "444": (0, 0), "440": (0, 1), "411": (2, 0), "410": (2, 2)}
_PLANAR = re.compile(r"yuv(a?)j?(420|422|444|440|411|410)p(\d*)(le)?")
_SEMIPLANAR = {"nv12": ("420", "UV"), "nv21": ("420", "VU"), "nv16": ("422", "UV"), "nv24": ("444", "UV")}
_P0 = re.compile(r"p([024])(10|12|16)le")
_PACKED = re.compile(r"(rgb|bgr|rgba|bgra|argb|abgr|rgb0|bgr0|0rgb|0bgr)(24|48|64)?(le)?")
_GBR = re.compile(r"gbr(a?)p(\d*)(le)?")
_GRAY = re.compile(r"gray(\d*)(le)?")


@cache
def layout(pixel_format: str) -> Layout:
    """Return how a pixel format lies in memory; SourceError if cleanplate does not work in that format."""
    if found := _PLANAR.fullmatch(pixel_format):
        planes = ("Y", "U", "V", "A") if found[1] else ("Y", "U", "V")
        return Layout(model="yuv", bits=int(found[3] or 8), up=0, shift=_CHROMA[found[2]], planes=planes)
    if pixel_format in _SEMIPLANAR:
        chroma, pair = _SEMIPLANAR[pixel_format]
        return Layout(model="yuv", bits=8, up=0, shift=_CHROMA[chroma], planes=("Y", pair))
    if found := _P0.fullmatch(pixel_format):
        chroma, bits = {"0": "420", "2": "422", "4": "444"}[found[1]], int(found[2])
        return Layout(model="yuv", bits=bits, up=16 - bits, shift=_CHROMA[chroma], planes=("Y", "UV"))
    if found := _GBR.fullmatch(pixel_format):
        planes = ("G", "B", "R", "A") if found[1] else ("G", "B", "R")
        return Layout(model="rgb", bits=int(found[2] or 8), up=0, shift=(0, 0), planes=planes)
    if found := _GRAY.fullmatch(pixel_format):
        return Layout(model="gray", bits=int(found[1] or 8), up=0, shift=(0, 0), planes=("Y",))
    if found := _PACKED.fullmatch(pixel_format):
        letters = found[1].upper().replace("0", "X")
        return Layout(model="rgb", bits=16 if found[2] in ("48", "64") else 8, up=0, shift=(0, 0), planes=(letters,))
    raise SourceError(f"pixel format {pixel_format} is not one that cleanplate works in")


def plane_shapes(picture: PictureFormat) -> tuple[tuple[int, int], ...]:
    """Return (rows, samples) of every plane; chroma of an odd size is rounded up, as FFmpeg does."""
    lay = layout(picture.pixel_format)
    shapes = []
    for letters in lay.planes:
        across, down = lay.shift if letters[0] in "UV" else (0, 0)
        shapes.append((-(-picture.height >> down), -(-picture.width >> across) * len(letters)))
    return tuple(shapes)


def frame_bytes(picture: PictureFormat) -> int:
    """Return the bytes that one frame's planes take."""
    word = np.dtype(layout(picture.pixel_format).dtype).itemsize
    return word * sum(rows * samples for rows, samples in plane_shapes(picture))


def align(box: Box, picture: PictureFormat) -> Box:
    """Return the smallest box on the chroma grid that encloses `box`, cut at the picture's edges."""
    across, down = layout(picture.pixel_format).grid
    x, y = box.x // across * across, box.y // down * down
    right = min(-(-(box.x + box.width) // across) * across, picture.width)
    bottom = min(-(-(box.y + box.height) // down) * down, picture.height)
    return Box(x=x, y=y, width=right - x, height=bottom - y)


def luma(frame: Frame) -> NDArray[np.uint8]:
    """Return the picture's brightness as (height, width) bytes; the green plane of an RGB picture serves as such."""
    lay = layout(frame.format.pixel_format)
    plane = component(frame, "G" if lay.model == "rgb" else "Y")
    return plane if lay.bits == 8 else (plane >> (lay.bits + lay.up - 8)).astype(np.uint8)  # type: ignore[return-value]


def component(frame: Frame, letter: str) -> Plane:
    """Return one component's samples as a (rows, samples) view at its own resolution."""
    for letters, plane in zip(layout(frame.format.pixel_format).planes, frame.planes, strict=True):
        if letter in letters:
            return plane[:, letters.index(letter) :: len(letters)]
    raise ValueError(f"{frame.format.pixel_format} has no component {letter}")


def read(frame: Frame, box: Box) -> Pixels:
    """Return the pixels of an aligned box at full resolution, scaled to 0..255; chroma is interpolated."""
    lay = layout(frame.format.pixel_format)
    channels = [_read_component(frame, letter, lay, box) for letter in lay.components]
    pixels = np.stack(channels, axis=2, dtype=np.float32)
    if lay.bits + lay.up > 8:
        pixels *= np.float32(1.0 / (1 << (lay.bits + lay.up - 8)))
    return pixels


def _read_component(frame: Frame, letter: str, lay: Layout, box: Box) -> Pixels:
    samples = component(frame, letter)[_region(box, lay, letter)]
    if samples.shape == (box.height, box.width):
        return samples.astype(np.float32)
    across, down = lay.shift
    full = cv2.resize(
        np.ascontiguousarray(samples, np.float32),
        (samples.shape[1] << across, samples.shape[0] << down),
        interpolation=cv2.INTER_LINEAR,
    )
    return np.asarray(full[: box.height, : box.width], np.float32)


def _region(box: Box, lay: Layout, letter: str) -> tuple[slice, slice]:
    """Return the rows and columns of a component that an aligned box covers."""
    across, down = lay.shift if letter in "UV" else (0, 0)
    rows = slice(box.y >> down, -(-(box.y + box.height) >> down))
    return rows, slice(box.x >> across, -(-(box.x + box.width) >> across))


def pack(pixels: Pixels, picture: PictureFormat) -> Plane:
    """Return a box of 0..255 pixels as the source's words, (height, width * components)."""
    lay = layout(picture.pixel_format)
    top = (1 << lay.bits) - 1
    words: Plane = np.clip(np.rint(pixels * np.float32(1 << (lay.bits - 8))), 0, top).astype(lay.dtype)
    return words.reshape(pixels.shape[0], -1)


def blend(frame: Frame, box: Box, words: Plane, alpha: NDArray[np.uint8]) -> tuple[Plane, ...]:
    """Return the frame's planes with packed pixels laid over an aligned box; samples of zero alpha keep their bits.

    Planes that do not change are returned as they are, the others are copied.
    """
    lay = layout(frame.format.pixel_format)
    pixels = words.reshape(box.height, box.width, len(lay.components))
    planes = []
    for letters, plane in zip(lay.planes, frame.planes, strict=True):
        if letters == "A":
            planes.append(plane)
            continue
        changed = plane.copy()
        for offset, letter in enumerate(letters):
            if letter in lay.components:
                target = changed[:, offset :: len(letters)][_region(box, lay, letter)]
                _blend_component(target, pixels[..., lay.components.index(letter)], alpha, lay, letter)
        planes.append(changed)
    return tuple(planes)


def _blend_component(target: Plane, source: Plane, alpha: NDArray[np.uint8], lay: Layout, letter: str) -> None:
    shift = lay.shift if letter in "UV" else (0, 0)
    fill, weight = _shrink(source, shift), _shrink(alpha, shift) / np.float32(255)
    old = (target >> lay.up).astype(np.float32)
    new = np.rint(old + (fill - old) * weight) * (1 << lay.up)
    np.copyto(target, new, where=weight > 0, casting="unsafe")


def _shrink(samples: Plane, shift: tuple[int, int]) -> Pixels:
    """Average the cells of the chroma grid; the last cell of an odd size repeats its edge."""
    whole = samples.astype(np.float32)
    if shift == (0, 0):
        return whole
    across, down = 1 << shift[0], 1 << shift[1]
    rows, columns = whole.shape
    whole = np.pad(whole, ((0, -rows % down), (0, -columns % across)), mode="edge")
    cells: Pixels = whole.reshape(whole.shape[0] // down, down, whole.shape[1] // across, across).mean(axis=(1, 3))
    return cells

"""Little scenes before which something is to be removed: backgrounds and holes, frame by frame, as masked frames.

Every component of a background lies between LOW and HIGH, so that MAGENTA and GREEN, in which the object is painted,
occur nowhere else.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.pixels import align, layout, plane_shapes
from transport.messages import Box, Frame, Mask, MaskedFrame, PictureFormat, Plane

LOW, HIGH = 60, 190
MAGENTA, GREEN = (255, 0, 255), (0, 255, 0)

FORMATS = [
    "yuv420p",
    "yuv422p10le",
    "yuv444p",
    "gray",
    "nv12",
    "rgb24",
    "gbrp10le",
    "p010le",
    "yuv410p",
    "yuv440p",
    "bgra",
    "gray12le",
]

Image = NDArray[np.uint8]  # (h, w, 3), the components of the format, whichever they are
Hole = NDArray[np.bool_]  # (h, w)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What there is to see, and what of it is covered."""

    background: Callable[[int], Image]
    hole: Callable[[int], Hole]
    shot: Callable[[int], int] = lambda seq: 0
    count: int = 10  # frames


def play(scene: Scene, colour: tuple[int, int, int] = MAGENTA, pixel_format: str = "yuv420p") -> list[MaskedFrame]:
    """Return the scene's frames, every hole painted over in one colour."""
    height, width = scene.background(0).shape[:2]
    picture = PictureFormat(width=width, height=height, pixel_format=pixel_format)
    return [_masked(scene, seq, colour, picture) for seq in range(scene.count)]


def _masked(scene: Scene, seq: int, colour: tuple[int, int, int], picture: PictureFormat) -> MaskedFrame:
    hole = scene.hole(seq)
    planes = planes_of(scene.background(seq), picture)
    paint(planes, picture, hole, colour)
    frame = Frame(seq=seq, pts=seq, duration=1, key=False, format=picture, planes=planes)
    return MaskedFrame(frame=frame, mask=mask_of(hole, picture), shot=scene.shot(seq), emit=True)


def mask_of(hole: Hole, picture: PictureFormat) -> Mask:
    """Return the mask whose box encloses a hole on the chroma grid."""
    if not hole.any():
        return Mask(box=Box(x=0, y=0, width=0, height=0), alpha=np.zeros((0, 0), np.uint8))
    x, y, width, height = cv2.boundingRect(hole.astype(np.uint8))
    box = align(Box(x=x, y=y, width=width, height=height), picture)
    inside = hole[box.y : box.y + box.height, box.x : box.x + box.width]
    return Mask(box=box, alpha=np.where(inside, np.uint8(255), np.uint8(0)))


def planes_of(image: Image, picture: PictureFormat) -> tuple[Plane, ...]:
    """Lay an image out as a format wants it, chroma by taking the first pixel of every cell."""
    lay = layout(picture.pixel_format)
    planes = []
    for letters, shape in zip(lay.planes, plane_shapes(picture), strict=True):
        plane = np.zeros(shape, lay.dtype)
        for offset, letter in enumerate(letters):
            if letter in lay.components:
                across, down = lay.grid if letter in "UV" else (1, 1)
                samples = image[::down, ::across, lay.components.index(letter)]
                plane[:, offset :: len(letters)] = samples.astype(lay.dtype) << (lay.bits - 8 + lay.up)
        planes.append(plane)
    return tuple(planes)


def paint(planes: Sequence[Plane], picture: PictureFormat, hole: Hole, colour: tuple[int, int, int]) -> None:
    """Paint over a hole in place; a chroma sample that it touches is the object's as a whole."""
    lay = layout(picture.pixel_format)
    for letters, plane in zip(lay.planes, planes, strict=True):
        for offset, letter in enumerate(letters):
            if letter in lay.components:
                touched = _cells(hole, *(lay.grid if letter in "UV" else (1, 1)))
                level = colour[lay.components.index(letter)] << (lay.bits - 8 + lay.up)
                plane[:, offset :: len(letters)][touched] = level


def whole_cells(mask: Mask, picture: PictureFormat) -> NDArray[np.uint8]:
    """Return a mask's alpha, 255 in every chroma cell that the mask touches."""
    across, down = layout(picture.pixel_format).grid
    touched = _cells(mask.alpha > 0, across, down).repeat(down, axis=0).repeat(across, axis=1)
    height, width = mask.alpha.shape
    return np.where(touched[:height, :width], np.uint8(255), np.uint8(0))


def _cells(hole: Hole, across: int, down: int) -> Hole:
    """Return which cells of the chroma grid a hole touches."""
    if across == down == 1:
        return hole
    rows, columns = hole.shape
    padded = np.pad(hole, ((0, -rows % down), (0, -columns % across)))
    touched: Hole = padded.reshape(-(-rows // down), down, -(-columns // across), across).any(axis=(1, 3))
    return touched


@cache
def texture(width: int, height: int, seed: int = 3) -> Image:
    """Blobs of several sizes: something for a flow to hold on to."""
    random = np.random.default_rng(seed)
    total = np.zeros((height, width, 3), np.float32)
    for size, weight in ((2, 12), (6, 20), (24, 28)):
        coarse = random.standard_normal((height // size + 2, width // size + 2, 3)).astype(np.float32)
        total += weight * cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip((LOW + HIGH) / 2 + total, LOW, HIGH).astype(np.uint8)


def still(width: int = 64, height: int = 48, seed: int = 3) -> Callable[[int], Image]:
    """A camera that does not move."""
    return lambda seq: texture(width, height, seed)


def moved(matrix: Callable[[int], NDArray[np.float64]], width: int = 64, height: int = 48) -> Callable[[int], Image]:
    """A camera that looks at a wide texture through a (2, 3) matrix, frame by frame."""
    wide = texture(3 * width, 3 * height)

    def look(seq: int) -> Image:
        flags, border = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, cv2.BORDER_REFLECT_101
        return np.asarray(cv2.warpAffine(wide, matrix(seq), (width, height), flags=flags, borderMode=border), np.uint8)

    return look


def pan(speed: float) -> Callable[[int], Image]:
    """A camera that moves sideways, `speed` pixels a frame."""
    return moved(lambda seq: np.array([[1, 0, speed * seq + 8], [0, 1, 8]], np.float64))


def spin(degrees: float, zoom: float) -> Callable[[int], Image]:
    """A camera that turns and zooms about its middle by so much a frame."""

    def matrix(seq: int) -> NDArray[np.float64]:
        turn = np.asarray(cv2.getRotationMatrix2D((32, 24), degrees * seq, zoom**-seq), np.float64)
        turn[:, 2] += (64, 48)
        return turn

    return moved(matrix)


def flat(*components: int) -> Callable[[int], Image]:
    """A picture of one colour."""
    return lambda seq: np.full((48, 64, 3), components, np.uint8)


def noise(seq: int) -> Image:
    """A picture that has nothing to do with the one before."""
    return np.random.default_rng(seq).integers(LOW, HIGH, (48, 64, 3)).astype(np.uint8)


def box(x: int, y: int, width: int, height: int, *, size: tuple[int, int] = (64, 48)) -> Hole:
    """Return a rectangular hole in a picture of that width and height."""
    hole = np.zeros(size[::-1], np.bool_)
    hole[y : y + height, x : x + width] = True
    return hole


def none(size: tuple[int, int] = (64, 48)) -> Hole:
    """Return a hole that is none."""
    return box(0, 0, 0, 0, size=size)


def moving(seq: int) -> Hole:
    """Where an object is that crosses the picture, on odd pixels as well as on even ones."""
    return box(4 + 3 * seq, 14, 12, 16)


def standing(seq: int) -> Hole:
    """Where an object is that stays."""
    return box(26, 14, 12, 16)


def once(seq: int) -> Hole:
    """Where an object is that shows itself in one frame."""
    return standing(seq) if seq == 5 else none()

"""Masks that the user gives: a folder of PNGs or a video in, a (H, W) mask for every frame out; or a single picture.

Read one at a time and never ahead. 128 and more of 255 is to be removed.

How a picture is read: 16 bits are cut to the upper 8; of colours the brightest component counts, so every colour but
black is the object (palette PNGs as DAVIS has them); transparency counts only where the colour is one and the same
all over, as in a cut-out on one layer. A picture of nothing but 0 and 1 holds labels, and 1 is the object.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.errors import PromptError, SourceError
from stages.pixels import luma
from stages.segment.spot import SURE, Spot, crop
from transport.messages import Frame, PictureFormat

PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp")


class _Named(NamedTuple):
    name: str  # for the user
    values: NDArray[np.uint8]  # (H, W)


class GivenMasks:
    """Deals out the masks of one folder or video in the order of the frames."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._masks = _open(path)
        self._dealt = 0

    def next(self, frame: Frame) -> NDArray[np.uint8]:
        """Return the (H, W) mask of the next frame; PromptError if there is none, or none that fits."""
        try:
            mask = next(self._masks, None)
        except PromptError as error:
            raise PromptError(f"{error} (mask of frame {frame.seq})") from error.__cause__
        if mask is None:
            raise PromptError(
                f"frame {frame.seq} has no mask: {self._path} ends after {self._dealt}, every frame needs one"
            )
        self._dealt += 1
        return _of_this_size(mask, frame.format, f"frame {frame.seq} of the video")

    def is_used_up(self) -> bool:
        """Whether no mask is left over; call it once, after the last frame."""
        try:
            return next(self._masks, None) is None
        except PromptError:
            return False  # there is more, and what it is does not matter any more


def read_mask(path: str, picture: PictureFormat) -> NDArray[np.uint8]:
    """Return the (H, W) mask in one picture; PromptError if it cannot be read, or is of another size."""
    return _of_this_size(_picture(Path(path)), picture, "the video")


def read_spot(path: str, words: str, picture: PictureFormat) -> Spot:
    """Return what one picture shows as a spot; PromptError, by the prompt's words, also if it shows nothing."""
    spot = crop(read_mask(path, picture))
    if spot is None or spot.values.max() < SURE:
        raise PromptError(f"{words} is dark all over; what to remove must be at least {SURE} of 255 in it")
    return spot


def _of_this_size(mask: _Named, picture: PictureFormat, what: str) -> NDArray[np.uint8]:
    height, width = mask.values.shape
    if (width, height) != (picture.width, picture.height):
        raise PromptError(
            f"mask {mask.name} is {width}x{height}, {what} is {picture.width}x{picture.height}: they must be the same"
        )
    return mask.values


def _open(path: str) -> Iterator[_Named]:
    place = Path(path)
    if place.is_dir():
        return _folder(place)
    if not place.is_file():
        raise PromptError(f"mask {path} does not exist, a folder of PNGs or a video is needed")
    return _video(path)


def _folder(folder: Path) -> Iterator[_Named]:
    names = [name for name in folder.iterdir() if name.suffix.lower() == ".png" and not name.name.startswith(".")]
    if not names:
        raise PromptError(f"mask folder {folder} holds no PNG, one for every frame is needed")
    return (_picture(name) for name in sorted(names, key=_natural))


def _natural(path: Path) -> list[tuple[int, str]]:
    """Sort 2 before 10, as people number files."""
    return [(int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"(\d+)", path.name)]


def _video(path: str) -> Iterator[_Named]:
    from stages.decode.config import DecodeConfig
    from stages.decode.decode import decode  # FFmpeg, for those who need it

    try:
        for item in decode(path, DecodeConfig()):
            if isinstance(item, Frame):
                yield _Named(f"{path} (its frame {item.seq})", luma(item))
    except SourceError as error:
        raise PromptError(f"mask video {path} cannot be read: {error}") from error


def _picture(path: Path) -> _Named:
    try:
        data = np.fromfile(path, np.uint8)
    except OSError as error:
        raise PromptError(f"mask {path} cannot be read: {error.strerror}") from error
    try:
        image = cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if data.size else None
    except cv2.error as error:  # a size beyond OpenCV's own limits
        raise PromptError(f"mask {path} cannot be read as a picture: {error.err}") from error
    if image is None:
        raise PromptError(f"mask {path} cannot be read as a picture")
    return _Named(str(path), _grey(image))


def _grey(image: NDArray[np.generic]) -> NDArray[np.uint8]:
    if image.ndim == 3:
        colour = image[..., :3]
        layered = image.shape[2] == 4 and (colour == colour[0, 0]).all()
        image = image[..., 3] if layered else colour.max(axis=2)
    if image.dtype not in (np.uint8, np.uint16):
        image = (np.nan_to_num(image) > 0) * np.uint8(255)  # a picture of fractions has no agreed white
    if image.max() == 1:
        return image.astype(np.uint8) * np.uint8(255)
    return image.astype(np.uint8) if image.dtype == np.uint8 else (image >> 8).astype(np.uint8)  # type: ignore[operator]

"""Names of clips in, what an engine is given and what it should make of it out.

Protocol A  one stationary mask for the whole clip, blacked out in every frame: the truth is known
Protocol B  the moving object of another clip as the mask, blacked out: the truth is known
Protocol C  the clip's own object, its mask widened and softened as `remove` does it: for the eye, there is no truth

A clip of B has the object of the next one in alphabetical order (the last that of the first), played forwards and
backwards until it is long enough.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.segment.outline.soften import NOTHING, soften
from stages.segment.spot import Spot, crop, sure
from transport.messages import Frame, Mask, MaskedFrame, PictureFormat

FOOTAGE = Path(__file__).resolve().parents[4] / "shared" / "footage"
PROTOCOLS = ("A", "B", "C")
HALVES = ("all", "dev", "held")
FEATHER = 3  # pixels, as `remove` has it

Image = NDArray[np.uint8]  # (h, w, 3) RGB, or (h, w)
Size = tuple[int, int]  # width, height


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Under which conditions clips are filled."""

    protocol: str = "A"
    size: Size = (432, 240)
    frames: int = 0  # of each clip, 0 for all
    dilate: int = 7  # pixels by which the masks of C are wider than the object: 4 as in `remove`, and 3 for blur


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Clip:
    """One clip, all of it: at most some hundred small pictures."""

    name: str
    given: list[MaskedFrame]  # what the engine gets
    source: list[Image]  # the same without a hole
    holes: list[NDArray[np.bool_]]
    true: bool  # source is what the engine should make of it


def clip_names() -> list[str]:
    """Return all there are, in alphabetical order."""
    return sorted(path.stem for path in (FOOTAGE / "masks240").glob("*.png"))


def choose(count: int, only: Sequence[str], half: str) -> list[str]:
    """Return the names of the clips that are wanted: every second one of them all is `dev`, the others `held`."""
    names = clip_names()
    chosen = {"all": names, "dev": names[0::2], "held": names[1::2]}[half]
    if only:
        unknown = sorted(set(only) - set(names))
        if unknown:
            raise SystemExit(f"there is no clip {', '.join(unknown)}; the known ones are {', '.join(names)}")
        chosen = [name for name in names if name in only]
    return chosen[:count] if count else chosen


def load(name: str, setting: Setting) -> Clip:
    """Return one clip under a protocol; resized bilinearly, its masks to the nearest."""
    paths = sorted((_folder(name) / "frames").iterdir())[: setting.frames or None]
    images = [_image(path, setting.size) for path in paths]
    masks = _masks(name, len(images), setting)
    if setting.protocol != "C":
        holes = [mask > 0 for mask in masks]
        shown = [np.where(hole[..., None], np.uint8(0), image) for hole, image in zip(holes, images, strict=True)]
        alphas = [_exact(hole) for hole in holes]
    else:
        alphas = [_softened(mask, setting) for mask in masks]
        holes, shown = [_spread(alpha, setting.size) for alpha in alphas], images
    given = [_masked(seq, *pair) for seq, pair in enumerate(zip(shown, alphas, strict=True))]
    return Clip(name=name, given=given, source=images, holes=holes, true=setting.protocol != "C")


def _folder(name: str) -> Path:
    return next(path for path in (FOOTAGE / "davis240" / name, FOOTAGE / "davis480" / name) if path.exists())


def _image(path: Path, size: Size) -> Image:
    image = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
    assert image is not None, path
    return _resized(np.asarray(image, np.uint8), size, cv2.INTER_LINEAR)


def _mask(path: Path, size: Size) -> Image:
    mask = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    assert mask is not None, path
    return _resized(np.asarray(mask, np.uint8), size, cv2.INTER_NEAREST)


def _resized(image: Image, size: Size, how: int) -> Image:
    if image.shape[1::-1] == size:
        return image
    return np.asarray(cv2.resize(image, size, interpolation=how), np.uint8)


def _masks(name: str, count: int, setting: Setting) -> list[Image]:
    if setting.protocol == "A":
        return [_mask(FOOTAGE / "masks240" / f"{name}.png", setting.size)] * count
    names = clip_names()
    owner = name if setting.protocol == "C" else names[(names.index(name) + 1) % len(names)]
    paths = sorted((_folder(owner) / "masks").iterdir())
    there_and_back = paths + paths[-2:0:-1]
    return [_mask(there_and_back[seq % len(there_and_back)], setting.size) for seq in range(count)]


def _picture(size: Size) -> PictureFormat:
    return PictureFormat(width=size[0], height=size[1], pixel_format="rgb24")


def _exact(hole: NDArray[np.bool_]) -> Mask:
    spot = crop(hole.astype(np.uint8) * np.uint8(255))
    return Mask(box=spot.box, alpha=spot.values) if spot else NOTHING


def _softened(mask: Image, setting: Setting) -> Mask:
    spot: Spot | None = sure(crop(mask))
    return soften(spot, _picture(setting.size), dilate=setting.dilate, feather=FEATHER)


def _spread(mask: Mask, size: Size) -> NDArray[np.bool_]:
    whole = np.zeros((size[1], size[0]), np.bool_)
    box = mask.box
    whole[box.y : box.y + box.height, box.x : box.x + box.width] = mask.alpha > 0
    return whole


def _masked(seq: int, image: Image, mask: Mask) -> MaskedFrame:
    height, width = image.shape[:2]
    planes = (np.ascontiguousarray(image.reshape(height, -1)),)
    frame = Frame(seq=seq, pts=seq, duration=1, key=seq == 0, format=_picture((width, height)), planes=planes)
    return MaskedFrame(frame=frame, mask=mask, shot=0, emit=True)

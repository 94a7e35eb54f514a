"""How well the engines fill: `python -m tests.bench.fill --clips 6`.

Restoration: a stationary mask is blacked out in every frame, so the truth is known; PSNR of the whole frame and of the
hole, and milliseconds of processor time a frame. With `--sheets FOLDER`, removal: the clips' own object masks, widened,
and contact sheets to look at.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.inpaint.engine import EngineKind
from stages.inpaint.engines import find_engine
from stages.inpaint.inpaint import inpaint
from transport.messages import Box, CleanFrame, Frame, Mask, MaskedFrame, PictureFormat

FOOTAGE = Path(__file__).resolve().parents[3] / "shared" / "footage"
SIZE = (432, 240)
WIDER = 15  # pixels, the kernel that object masks are dilated with

Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One engine on one clip."""

    whole: float  # dB
    hole: float
    milliseconds: float  # a frame


def main() -> None:
    """Print a line a clip, and the means."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=6)
    parser.add_argument("--frames", type=int, default=40)
    parser.add_argument("--only", help="the name of one clip")
    parser.add_argument("--engines", default="telea,propagate")
    parser.add_argument("--sheets", type=Path, help="where to write contact sheets of removals")
    options = parser.parse_args()
    names = options.engines.split(",")
    clips = [options.only] if options.only else _clips()[: options.clips]
    cv2.setNumThreads(1)
    if options.sheets:
        for clip in clips:
            _sheet(clip, options.frames, names, options.sheets)
        return
    scores = {name: [_restore(clip, options.frames, find_engine(name)) for clip in clips] for name in names}
    for row, clip in enumerate(clips):
        print(f"{clip:20}", *(f"{name}: {_line([scores[name][row]])}" for name in names), sep="  ")
    print(f"{'mean':20}", *(f"{name}: {_line(scores[name])}" for name in names), sep="  ")


def _clips() -> list[str]:
    return sorted(path.name for path in (FOOTAGE / "davis240").iterdir())


def _folder(clip: str) -> Path:
    return next(path for path in (FOOTAGE / "davis240" / clip, FOOTAGE / "davis480" / clip) if path.exists())


def _line(scores: list[Score]) -> str:
    whole, hole, took = (np.mean([getattr(s, name) for s in scores]) for name in ("whole", "hole", "milliseconds"))
    return f"{whole:6.2f} dB, hole {hole:6.2f} dB, {took:6.1f} ms"


def _images(clip: str, count: int) -> list[Image]:
    paths = sorted((_folder(clip) / "frames").iterdir())[:count]
    return [_read(path, cv2.IMREAD_COLOR) for path in paths]


def _read(path: Path, flags: int) -> Image:
    image = cv2.imread(str(path), flags)
    assert image is not None, path
    if image.ndim == 3:
        image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
    return np.asarray(cv2.resize(image, SIZE, interpolation=cv2.INTER_AREA), np.uint8)


def _masked(images: list[Image], masks: list[NDArray[np.bool_]]) -> list[MaskedFrame]:
    height, width = masks[0].shape
    picture = PictureFormat(width=width, height=height, pixel_format="rgb24")
    frames = []
    for seq, (image, hole) in enumerate(zip(images, masks, strict=True)):
        planes = (np.ascontiguousarray(image.reshape(height, -1)),)
        frame = Frame(seq=seq, pts=seq, duration=1, key=False, format=picture, planes=planes)
        frames.append(MaskedFrame(frame=frame, mask=_mask(hole), shot=0, emit=True))
    return frames


def _mask(hole: NDArray[np.bool_]) -> Mask:
    rows, columns = np.flatnonzero(hole.any(axis=1)), np.flatnonzero(hole.any(axis=0))
    if not rows.size:
        return Mask(box=Box(x=0, y=0, width=0, height=0), alpha=np.zeros((0, 0), np.uint8))
    x, y, right, bottom = int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
    alpha = hole[y:bottom, x:right].astype(np.uint8) * 255
    return Mask(box=Box(x=x, y=y, width=right - x, height=bottom - y), alpha=alpha)


def _composite(clean: CleanFrame) -> Image:
    picture = clean.frame.format
    image = clean.frame.planes[0].reshape(picture.height, picture.width, 3).astype(np.uint8)
    if clean.patch.pixels is not None:
        box, mask = clean.patch.mask.box, clean.patch.mask.alpha > 0
        region = image[box.y : box.y + box.height, box.x : box.x + box.width]
        region[mask] = clean.patch.pixels.reshape(*mask.shape, 3)[mask]
    return image


def _restore(clip: str, count: int, kind: EngineKind) -> Score:
    truth = _images(clip, count)
    hole = _read(FOOTAGE / "masks240" / f"{clip}.png", cv2.IMREAD_GRAYSCALE) > 0
    blacked = [np.where(hole[..., None], np.uint8(0), image) for image in truth]
    started = time.process_time()
    filled = [_composite(clean) for clean in inpaint(_masked(blacked, [hole] * len(truth)), kind)]
    took = (time.process_time() - started) / len(truth)
    whole = [_psnr(a, b) for a, b in zip(filled, truth, strict=True)]
    inside = [_psnr(a[hole], b[hole]) for a, b in zip(filled, truth, strict=True)]
    return Score(whole=float(np.mean(whole)), hole=float(np.mean(inside)), milliseconds=1000 * took)


def _psnr(one: Image, other: Image) -> float:
    error = np.mean((one.astype(np.float64) - other) ** 2)
    return float(10 * np.log10(255**2 / max(error, 1e-10)))


def _sheet(clip: str, count: int, names: list[str], folder: Path) -> None:
    """Write a picture: a row for the source and one for every engine, a column for every tenth of the clip."""
    images = _images(clip, count)
    kernel = np.ones((WIDER, WIDER), np.uint8)
    paths = sorted((_folder(clip) / "masks").iterdir())[: len(images)]
    holes = [cv2.dilate(_read(path, cv2.IMREAD_GRAYSCALE), kernel) > 127 for path in paths]
    columns = np.linspace(1, len(images) - 1, 4).astype(int)
    rows = [_row([_outlined(images[i], holes[i]) for i in columns])]
    for name in names:
        started = time.process_time()
        filled = [_composite(clean) for clean in inpaint(_masked(images, holes), find_engine(name))]
        print(f"{clip:20} {name}: {1000 * (time.process_time() - started) / len(images):6.1f} ms")
        rows.append(_row([filled[i] for i in columns]))
    folder.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(folder / f"{clip}.png"), cv2.cvtColor(np.vstack(rows), cv2.COLOR_RGB2BGR))


def _row(images: Iterator[Image] | list[Image]) -> Image:
    return np.hstack(list(images))


def _outlined(image: Image, hole: NDArray[np.bool_]) -> Image:
    edge = cv2.morphologyEx(hole.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
    return np.where(edge[..., None], np.array([255, 0, 0], np.uint8), image).astype(np.uint8)


if __name__ == "__main__":
    main()

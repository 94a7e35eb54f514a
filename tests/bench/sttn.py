"""What STTN's engine costs, and how sharp it can be at best, on this machine.

    python -m tests.bench.sttn sharpness FOLDER     the clips of a folder, each with frames/ and masks/
    python -m tests.bench.sttn speed [DEVICE]       one pass as the engine makes it, at 432x240

`sharpness` needs no network: it shows a region, puts it back, and compares with the picture what comes of the pixels
under the mask. Nothing that is made can be sharper. Printed are the means over frames of the PSNR (dB) and of how much
is left of the Laplacian's deviation, for the whole frame at 432x240 as the original has it, and for ours.

`speed` has random weights. Seconds are of the processor, on one thread, or of the clock on a GPU; medians of RUNS.
"""

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import fmean, median

import cv2
import numpy as np
import torch

from stages.inpaint.engine import Picture
from stages.inpaint.region import Region, look, put_back
from stages.inpaint.sttn.engine import enclosing
from stages.inpaint.sttn.region import region_for
from stages.inpaint.sttn.stretch import BEHIND, REFERENCES, stretch_for
from stages.nets.sttn import STTN
from stages.pixels import Pixels
from transport.messages import Box, Frame, Mask, MaskedFrame, PictureFormat

EVERY = 10  # frames from one that is looked at to the next
AHEAD = 6  # frames of look-ahead
RUNS = 3
EXACT = 60.0  # dB, from which on pictures count as the same
NOTHING = Mask(box=Box(x=0, y=0, width=0, height=0), alpha=np.zeros((0, 0), np.uint8))


def sharpness(folder: Path) -> None:
    """Print how sharp each way can be, clip by clip."""
    ways = ("whole frame", "region", "region, 648", "region, 864")
    sys.stdout.write(f"{'':20}" + "".join(f"{way:>16}" for way in ways) + "\n")
    rows = {clip.name: _mean(_clip(clip)) for clip in sorted(folder.iterdir()) if (clip / "masks").is_dir()}
    for name, row in (rows | {"mean": _mean(iter(rows.values()))}).items():
        sys.stdout.write(f"{name:20}" + "".join(f"{psnr:8.1f} {left:6.0%} " for psnr, left in row) + "\n")


def _mean(rows: Iterator[list[tuple[float, float]]]) -> list[tuple[float, float]]:
    return [(fmean(psnr for psnr, _ in way), fmean(left for _, left in way)) for way in zip(*rows, strict=True)]


def _clip(clip: Path) -> Iterator[list[tuple[float, float]]]:
    paths = sorted((clip / "frames").iterdir())
    for index in range(0, len(paths) - stretch_for(AHEAD), EVERY):
        boxes = [box for path in paths[index : index + stretch_for(AHEAD)] if (box := _box(clip, path)).width]
        if boxes:
            picture = _picture(cv2.imread(str(paths[index])))
            yield [_compare(picture, region, boxes[0]) for region in _regions(enclosing(boxes), picture.format)]


def _box(clip: Path, frame: Path) -> Box:
    mask = cv2.imread(str(clip / "masks" / f"{frame.stem}.png"), cv2.IMREAD_GRAYSCALE)
    x, y, width, height = cv2.boundingRect((mask > 0).astype(np.uint8))
    return Box(x=x, y=y, width=width, height=height)


def _picture(image: Pixels) -> Picture:
    """Return a picture without a hole: all of it is known."""
    height, width = image.shape[:2]
    format_ = PictureFormat(width=width, height=height, pixel_format="rgb24")
    plane = np.ascontiguousarray(image[..., ::-1], np.uint8).reshape(height, -1)
    frame = Frame(seq=0, pts=0, duration=1, key=False, format=format_, planes=(plane,))
    return Picture(MaskedFrame(frame=frame, mask=NOTHING, shot=0, emit=True))


def _regions(box: Box, picture: PictureFormat) -> list[Region]:
    whole = Region(box=Box(x=0, y=0, width=picture.width, height=picture.height), width=432, height=240)
    return [whole, *(region_for(box, picture, working) for working in (0, 648, 864))]


def _compare(picture: Picture, region: Region, box: Box) -> tuple[float, float]:
    """Return the PSNR, and what is left of the Laplacian's deviation."""
    true, back = picture.read(box), put_back(look(picture, region)[0], region, box, picture.format)
    left, whole = (cv2.Laplacian(pixels[..., 1], cv2.CV_32F).std() for pixels in (back, true))
    return min(cv2.PSNR(back, true, 255), EXACT), float(left / max(whole, 1e-9))


def speed(device: str) -> None:
    """Print what encoding a frame and completing a stretch take, in f32 and bf16, and how far they differ."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    net, frames = STTN().eval(), torch.rand(BEHIND + 1 + AHEAD + REFERENCES, 3, 240, 432) * 2 - 1
    exact, rounded = (_timed(net, frames.to(device), kind) for kind in (torch.float32, torch.bfloat16))
    sys.stdout.write(f"bf16 - f32: {float((rounded - exact).std() / exact.std()):.4f} of the deviation\n")


@torch.inference_mode()
def _timed(net: STTN, frames: torch.Tensor, kind: torch.dtype) -> torch.Tensor:
    net.to(frames.device, kind).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    shown = frames.to(kind, memory_format=torch.channels_last)
    features, wanted = net.encode(shown), stretch_for(AHEAD)
    encoding = _seconds(lambda: net.encode(shown[:1]), frames.device)
    completing = _seconds(lambda: net.complete(features, wanted), frames.device)
    sys.stdout.write(f"{kind}: {encoding:.3f} s to encode a frame, {completing:.2f} s to complete {wanted} ")
    sys.stdout.write(f"out of {len(frames)}, {encoding + completing / wanted:.2f} s a frame\n")
    sys.stdout.flush()
    return net.complete(features, wanted).float()


def _seconds(work: Callable[[], object], device: torch.device) -> float:
    """Return the median of RUNS, after one that is not counted."""
    clock = time.thread_time if device.type == "cpu" else time.perf_counter
    taken = []
    for _ in range(1 + RUNS):
        start = clock()
        work()
        if device.type != "cpu":
            torch.cuda.synchronize(device)
        taken.append(clock() - start)
    return median(taken[1:])


if __name__ == "__main__":
    cv2.setNumThreads(1)
    if sys.argv[1] == "sharpness":
        sharpness(Path(sys.argv[2]))
    else:
        speed(sys.argv[2] if len(sys.argv) > 2 else "cpu")

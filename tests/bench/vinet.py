"""What VINet costs and what it leaves: seconds a frame, memory over a long run, and the seams between chunks.

    python -m tests.bench.vinet speed [SIDE]      milliseconds of one processor a frame, as f32 and bf16, side by side
    python -m tests.bench.vinet memory [FRAMES]   MiB of the process, every tenth of a run of small frames
    python -m tests.bench.vinet seams             PSNR from one chunk to several, by length and lead-in
    python -m tests.bench.vinet regions FOLDER    milliseconds a frame for clips, each with frames/ and masks/

All with seeded weights, which know nothing: how fast an answer is forgotten, and so how soon a seam is gone, is the
published weights' own.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import chain, islice, product
from pathlib import Path

import cv2
import numpy as np
import psutil
import torch

from stages.inpaint.engine import EngineKind, EngineOptions, Picture
from stages.inpaint.engines import find_engine
from stages.inpaint.window import windows
from stages.nets.vinet.net import VINet
from stages.pixels import Pixels
from tests.parity.vinet.seeded import clip, weights
from transport.messages import Box, Frame, Mask, MaskedFrame, PictureFormat

ROUNDS = 5
LEAD_INS = (0, 6, 15, 30)
AFTER = (0, 1, 2, 5, 10, 20)  # frames after a seam
CHUNKS = (60, 120, 300)
FRAMES = 330  # of the clip that is cut into these
AHEAD = 6  # frames that the window looks ahead
SIDE = 64  # pixels of the clips for memory and seams


def engine(folder: Path, precision: str, working: int) -> EngineKind:
    """Return the engine with seeded weights of the double size, which are written to a folder."""
    path = folder / "save_agg_rec_512.pth"
    if not path.exists():
        shapes = {name: tuple(tensor.shape) for name, tensor in VINet(double=True).state_dict().items()}
        torch.save({"state_dict": weights(shapes)}, path)
    return find_engine("vinet", EngineOptions(weights=str(folder), precision=precision, working=working))


def pictures(side: int, count: int, emit: bool = True) -> Iterator[Picture]:
    """Yield frames with a hole that goes to and fro, in which the camera pans over the same wide picture again."""
    shown, holes = clip(side, side, 40)
    size = PictureFormat(width=side, height=side, pixel_format="rgb24")
    for seq in range(count):
        place = 39 - abs(39 - seq % 78)
        plane = ((shown[place][0].permute(1, 2, 0).flip(2) + 1) * 127.5).byte().numpy().reshape(side, -1)
        alpha = (holes[place][0, 0] * 255).byte().numpy()
        frame = Frame(seq=seq, pts=seq, duration=1, key=False, format=size, planes=(plane,))
        mask = Mask(box=Box(x=0, y=0, width=side, height=side), alpha=alpha)
        yield Picture(MaskedFrame(frame=frame, mask=mask, shot=0, emit=emit))


def speed(folder: Path, side: int) -> None:
    """Print the median and the fastest of a few frames."""
    for precision in ("f32", "bf16"):
        kind = engine(folder, precision, side)
        started, spent = kind.start(), []
        for row in islice(windows(pictures(side, 40, emit=False), kind.reach.offsets), 2 + ROUNDS):
            begun = time.process_time()
            started.fill(row)
            spent.append((time.process_time() - begun) * 1000)
        print(f"{side}x{side} {precision}: {statistics.median(spent[2:]):.0f} ms, fastest {min(spent):.0f}", flush=True)


def memory(folder: Path, frames: int) -> None:
    """Print the process's own memory while it fills."""
    kind = engine(folder, "bf16", SIDE)
    started, process = kind.start(), psutil.Process()
    for index, row in enumerate(windows(pictures(SIDE, frames), kind.reach.offsets)):
        started.fill(row)
        if index % (frames // 10) in (0, frames // 10 - 1):
            print(f"frame {index}: {process.memory_full_info().uss / (1 << 20):.1f} MiB", flush=True)


def seams(folder: Path) -> None:
    """Print, for every length of chunks and every lead-in, how like their frames are to those of one chunk, in dB."""
    kind = engine(folder, "f32", SIDE)
    whole = list(_chunk(kind, 0, FRAMES, 0))
    print("chunk lead-in " + " ".join(f"{f't+{after}':>7}" for after in AFTER) + " further")
    for length, lead_in in product(CHUNKS, LEAD_INS):
        starts = range(0, FRAMES, length)
        parts = [_chunk(kind, start, min(start + length, FRAMES), lead_in) for start in starts]
        alike = np.array([_psnr(*both) for both in zip(chain(*parts), whole, strict=True)])
        at = [np.mean([alike[seam + after] for seam in starts[1:] if seam + after < FRAMES]) for after in AFTER]
        rest = [seq for seq in range(length, FRAMES) if seq % length > AFTER[-1]] or [FRAMES - 1]
        print(
            f"{length:5} {lead_in:7} " + " ".join(f"{value:7.1f}" for value in (*at, np.mean(alike[rest]))), flush=True
        )


def _chunk(kind: EngineKind, start: int, stop: int, lead_in: int) -> Iterator[Pixels]:
    """Yield what a chunk makes of its frames, as the stage fills it: its lead-in is only looked at."""
    first = max(start - lead_in, 0)
    shown = islice(pictures(SIDE, min(stop + AHEAD, FRAMES)), first, None)
    rows = windows((_looked_at(picture) if picture.seq < start else picture for picture in shown), kind.reach.offsets)
    started = kind.start()
    made = (started.fill(row) for row in islice(rows, stop - first))
    return islice(made, start - first, None)


def _looked_at(picture: Picture) -> Picture:
    picture.emit = False
    return picture


def regions(folder: Path, clips: str) -> None:
    """Print what real masks cost, where only the part around them is shown, clip by clip; in 16 bits."""
    kind = engine(folder, "bf16", 512)
    for clip_ in sorted(path for path in Path(clips).iterdir() if (path / "masks").is_dir()):
        started, spent = kind.start(), []
        for row in islice(windows(_real(clip_), kind.reach.offsets), 2 + ROUNDS):
            begun = time.process_time()
            started.fill(row)
            spent.append((time.process_time() - begun) * 1000)
        print(f"{clip_.name:16} {statistics.median(spent[2:]):.0f} ms", flush=True)


def _real(clip_: Path) -> Iterator[Picture]:
    paths = (sorted((clip_ / kind).iterdir()) for kind in ("frames", "masks"))
    for seq, (shown, mask) in enumerate(zip(*paths, strict=True)):
        plane = np.ascontiguousarray(np.asarray(cv2.imread(str(shown)))[..., ::-1])
        alpha = np.asarray(cv2.imread(str(mask), cv2.IMREAD_GRAYSCALE))
        x, y, width, height = cv2.boundingRect((alpha > 0).astype(np.uint8))
        size = PictureFormat(width=plane.shape[1], height=plane.shape[0], pixel_format="rgb24")
        planes = (plane.reshape(size.height, -1),)
        frame = Frame(seq=seq, pts=seq, duration=1, key=False, format=size, planes=planes)
        box = Box(x=x, y=y, width=width, height=height)
        hole = Mask(box=box, alpha=np.ascontiguousarray(alpha[y : y + height, x : x + width]))
        yield Picture(MaskedFrame(frame=frame, mask=hole, shot=0, emit=True))


def _psnr(one: Pixels, other: Pixels) -> float:
    return float(10 * np.log10(255**2 / max(float(np.square(one - other).mean()), 1e-6)))


if __name__ == "__main__":
    torch.set_num_threads(1)
    what, *numbers = sys.argv[1:]
    with tempfile.TemporaryDirectory() as place:
        if what == "speed":
            speed(Path(place), *map(int, numbers or ["512"]))
        elif what == "memory":
            memory(Path(place), *map(int, numbers or ["5000"]))
        elif what == "regions":
            regions(Path(place), *numbers)
        else:
            seams(Path(place))

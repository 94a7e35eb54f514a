"""What VINet costs and what it leaves: seconds a frame, memory over a long run, and the seams between chunks.

    python -m tests.bench.vinet speed [SIDE]      milliseconds of one processor a frame, as f32 and bf16, side by side
    python -m tests.bench.vinet memory [FRAMES]   MiB of the process, every tenth of a run of small frames
    python -m tests.bench.vinet seams             PSNR from one chunk to several, by lead-in and frames after the seam

All with seeded weights, which know nothing: how fast an answer is forgotten, and so how soon a seam is gone, is the
published weights' own.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

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
SEAMS = (60, 120, 180)
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
    """Print, for every lead-in, how like frames after a seam are to those of one chunk; the mean of some seams."""
    kind = engine(folder, "f32", SIDE)
    rows = list(windows(pictures(SIDE, SEAMS[-1] + AFTER[-1] + 7), kind.reach.offsets))
    started = kind.start()
    whole = [started.fill(row) for row in rows[: SEAMS[-1] + AFTER[-1] + 1]]
    print("lead-in " + " ".join(f"{f't+{after}':>7}" for after in AFTER))
    for lead_in in LEAD_INS:
        parts = [_part(kind, seam, lead_in) for seam in SEAMS]
        table = [
            [_psnr(part[after], whole[seam + after]) for after in AFTER]
            for seam, part in zip(SEAMS, parts, strict=True)
        ]
        print(f"{lead_in:7} " + " ".join(f"{value:7.1f}" for value in np.mean(table, axis=0)), flush=True)


def _part(kind: EngineKind, seam: int, lead_in: int) -> Sequence[Pixels]:
    """Return what a chunk that begins at a seam makes, as the stage fills it: its lead-in is only looked at."""
    shown = islice(pictures(SIDE, seam + AFTER[-1] + 7), seam - lead_in, None)
    own = [_looked_at(picture) if picture.seq < seam else picture for picture in shown]
    started = kind.start()
    return [started.fill(row) for row in islice(windows(own, kind.reach.offsets), lead_in + AFTER[-1] + 1)][lead_in:]


def _looked_at(picture: Picture) -> Picture:
    picture.emit = False
    return picture


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
        else:
            seams(Path(place))

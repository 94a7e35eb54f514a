"""Holds our VINet against the original's own code on the frames of a real clip, and prints how far they differ.

    python -m tests.parity.vinet.compare CLONE STAND_INS CLIP [KIND] [SIZE] [FRAMES]

with the clone and the stand-ins that `original` tells of, and a folder with frames/ and masks/. Both have the seeded
weights, are of one KIND, 512 or 256, and are shown FRAMES pictures of SIZE, with the beginning of the clip reversed
before them as in demo_vi.py; every answer is fed back into the next. Of each frame is printed the largest difference
by the largest value, and the processor's seconds that the original, ours in 32 bits and ours in 16 took.
"""

import sys
import time
import warnings
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from stages.nets.vinet.net import REFERENCES, VINet
from stages.nets.vinet.stream import Shown, Stream
from tests.parity.vinet.original import fill, open_net, play
from tests.parity.vinet.seeded import weights

REVERSED = 6  # frames; 30 in the original, which costs as much as they do and changes nothing in what is compared


def compare(clone: Path, stand_ins: Path, clip: Path, kind: int, size: int, frames: int) -> None:
    """Print it."""
    pictures, holes = _read(clip, size, frames - REVERSED)
    net = open_net(clone, stand_ins, double=kind == 512, height=size, width=size)
    values = weights({name: tuple(tensor.shape) for name, tensor in net.state_dict().items()})
    fill(net, values)
    ours = [VINet(double=kind == 512).eval() for _ in range(2)]
    for each in ours:
        each.load_state_dict(values)
    ours[1].bfloat16()
    runs = [play(net, pictures, holes), *(_run(each, pictures, holes) for each in ours)]
    with torch.inference_mode():
        for index in range(frames):
            (theirs, *found), seconds = zip(*(_timed(run) for run in runs), strict=True)
            errors = [float((each - theirs).abs().max() / theirs.abs().max()) for each in found]
            spent = " ".join(f"{second:.2f}" for second in seconds)
            sys.stdout.write(f"{index:3}: f32 {errors[0]:.1e}  bf16 {errors[1]:.1e}  seconds {spent}\n")
            sys.stdout.flush()


def _read(clip: Path, size: int, count: int) -> tuple[list[Tensor], list[Tensor]]:
    pictures, holes = [], []
    paths = zip(*(sorted((clip / kind).iterdir()) for kind in ("frames", "masks")), strict=True)
    for frame, mask in islice(paths, count):
        colours = cv2.resize(np.asarray(cv2.imread(str(frame))), (size, size), interpolation=cv2.INTER_CUBIC)
        shape = np.asarray(cv2.imread(str(mask), cv2.IMREAD_GRAYSCALE))
        hole = cv2.resize(shape, (size, size), interpolation=cv2.INTER_NEAREST) > 0
        pictures.append(torch.from_numpy(colours).permute(2, 0, 1)[None].float() / 127.5 - 1)
        holes.append(torch.from_numpy(hole.astype(np.float32))[None, None])
    begin = slice(REVERSED - 1, None, -1)
    return pictures[begin] + pictures, holes[begin] + holes


def _run(net: VINet, pictures: list[Tensor], holes: list[Tensor]) -> Iterator[Tensor]:
    stream, last = Stream(net), len(pictures) - 1
    pairs = enumerate(zip(pictures, holes, strict=True))
    shown = [Shown(time=time, colours=picture, hole=hole) for time, (picture, hole) in pairs]
    for item in shown:
        places = [last - abs(last - abs(item.time + step)) for step in REFERENCES]
        yield stream.fill(item, places, shown.__getitem__)


def _timed(run: Iterator[Tensor]) -> tuple[Tensor, float]:
    started = time.process_time()
    return next(run), time.process_time() - started


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    numbers = [int(argument) for argument in sys.argv[4:]]
    compare(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), *(numbers + [512, 512, 40][len(numbers) :]))

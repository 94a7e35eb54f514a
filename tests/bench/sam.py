"""SAM's first frame, in f32 and in bf16: python -m tests.bench.sam [--width 854 --height 480 --runs 3]

Weights are random, of vit_b unless a checkpoint is named: time does not depend on them. Prints the seconds of
processor time and of the clock for the image embedding, for a prompt on an embedded frame, and how far the logits and
the outline of bf16 are from those of f32.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from stages.segment.point.sam import Sam, build
from stages.segment.point.segmenter import Hint, Point
from stages.segment.view import View
from transport.messages import Box, Frame, PictureFormat

VIT_B = 768


def main() -> None:
    """Print one line for each kind of numbers, and one for how they differ."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--width", type=int, default=854)
    parser.add_argument("--height", type=int, default=480)
    parser.add_argument("--runs", type=int, default=3, help="the median of so many is printed")
    parser.add_argument("--checkpoint", help="one of SAM's; random weights without")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = given.checkpoint or _random(Path(folder) / "vit_b.pth")
        view, hint = _view(given.width, given.height), _hint(given.width, given.height)
        exact, rounded = (_measure(checkpoint, view, hint, kind, given.runs) for kind in ("f32", "bf16"))
    apart, spread = np.abs(rounded - exact), exact.std()
    agree = np.count_nonzero((exact > 0) & (rounded > 0)) / max(1, np.count_nonzero((exact > 0) | (rounded > 0)))
    print(f"bf16 - f32: mean {apart.mean() / spread:.4f}, most {apart.max() / spread:.4f} of the logits' deviation")
    print(f"intersection over union of the outlines {agree:.4f}")


def _measure(checkpoint: str, view: View, hint: Hint, precision: str, runs: int) -> np.ndarray:
    sam = Sam(checkpoint, precision=precision)
    frames = [replace(view.frame, seq=seq) for seq in range(runs)]  # the same picture, but not known yet
    embedding = [_timed(lambda frame=frame: sam.embed(View(frame))) for frame in frames]
    sam.embed(view)
    prompt = [_timed(lambda: sam.segment(view, hint)) for _ in range(runs)]
    told = f"embedding {_median(embedding)}, prompt {_median(prompt)}"
    print(f"{precision:4} on {torch.get_num_threads()} threads: {told}", flush=True)
    return sam.logits(view, hint)


def _median(times: list[tuple[float, float]]) -> str:
    processor, clock = (statistics.median(column) for column in zip(*times, strict=True))
    return f"{processor:.2f} s (clock {clock:.2f})"


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    """Return the seconds of processor time and of the clock that something takes."""
    processor, clock = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - processor, time.perf_counter() - clock


def _random(path: Path) -> str:
    torch.manual_seed(0)
    torch.save(build(VIT_B).state_dict(), path)
    return str(path)


def _view(width: int, height: int) -> View:
    """Return a picture of soft noise: detail of every size."""
    generator = np.random.default_rng(0)
    picture = np.cumsum(generator.normal(size=(height, width * 3)), axis=1)
    samples = np.ascontiguousarray(np.clip(picture * 4 + 128, 0, 255), np.uint8)
    form = PictureFormat(width=width, height=height, pixel_format="bgr24")
    return View(Frame(seq=0, pts=0, duration=1, key=True, format=form, planes=(samples,)))


def _hint(width: int, height: int) -> Hint:
    box = Box(x=width // 3, y=height // 3, width=width // 4, height=height // 4)
    return Hint(box=box, points=(Point(x=width // 2 - width // 16, y=height // 2 - height // 16),))


if __name__ == "__main__":
    main()

"""Masks with and without what objects cast, to be filled and looked at: `python -m tests.bench.tracking.shadows DIR`.

The true masks of DAVIS sequences are taken for what a tracker found, so that its errors do not mix in. DIR then holds
NAME/plain and NAME/shadow, a PNG a frame: `cleanplate remove FRAMES OUT --mask DIR/NAME/shadow` fills them. DAVIS has
no truth about shadows, so nothing is judged here; printed are how much larger the masks became and what a frame costs.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from stages.segment.outline.effects import Effects
from stages.segment.outline.outline import Outline
from stages.segment.spot import Grey, crop, sure
from tests.bench.fill.clips import FOOTAGE
from tests.bench.tracking.clips import Clip, load
from tests.bench.tracking.play import spread

NAMES = ("horsejump-high", "hockey", "dance-twirl")


def main() -> None:
    """Write the masks of every clip, and print a line for each."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.tracking.shadows", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--clips", default=",".join(NAMES), metavar="NAME[,NAME]")
    arguments = parser.parse_args()
    if not FOOTAGE.is_dir():
        raise SystemExit(f"there is no footage at {FOOTAGE}")
    cv2.setNumThreads(1)
    for name in arguments.clips.split(","):
        clip = load(name)
        plain, _ = _outlined(clip, effects=None)
        shadow, (casting, outlining) = _outlined(clip, effects=Effects(clip.frames[0].format))
        _write(plain, arguments.folder / name / "plain")
        _write(shadow, arguments.folder / name / "shadow")
        areas = [sum(np.count_nonzero(mask) for mask in masks) for masks in (shadow, plain)]
        took = f"effects {casting:.1f} ms, outline {outlining:.1f} ms"
        print(f"{name}: {len(plain)} frames, {areas[0] / areas[1]:.2f} times the area; {took}", flush=True)


def _outlined(clip: Clip, *, effects: Effects | None) -> tuple[list[Grey], tuple[float, float]]:
    """Return the masks, and the median milliseconds of the thread's time for what is cast and for the outline."""
    outline, marks, masks = Outline(clip.frames[0].format), [], []
    for view, truth in zip(clip.views(), clip.truths, strict=True):
        spot = sure(crop(truth.astype(np.uint8) * np.uint8(255)))
        began = time.thread_time()
        spot = effects.step(view, spot) if effects else spot
        cast = time.thread_time()
        spot = outline.step(view, spot)
        marks.append((began, cast, time.thread_time()))
        masks.append(spread(spot, truth.shape).astype(np.uint8) * np.uint8(255))
    casting, outlining = 1000 * np.median(np.diff(marks), axis=0)
    return masks, (float(casting), float(outlining))


def _write(masks: Sequence[Grey], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for seq, mask in enumerate(masks):
        cv2.imwrite(str(folder / f"{seq:05}.png"), mask)


if __name__ == "__main__":
    main()

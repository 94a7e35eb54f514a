"""Holds our STTN against the original's own code on the frames of a real clip, and prints how far they differ.

    python -m tests.parity.sttn.compare CLONE CLIP [FRAMES WIDTH HEIGHT]

with the clone that `original` tells of, and a folder with frames/ and masks/; 40 frames at 432x240 are what is not
said. Both have the seeded weights, in f32, and complete the clip as the original's test.py does: its rounds of
neighbours and references, its masks grown by a cross of four pixels, what several rounds make of a frame mixed half and
half. Printed are the largest difference
by the largest value and that of the norms, of the features, of each round and of the whole clip as it would be shown.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from stages.nets.sttn import STTN
from tests.parity.sttn.original import complete, fill, open_net, resize, rounds
from tests.parity.sttn.record import tensors
from tests.parity.sttn.seeded import Image, weights

USUAL = (40, 432, 240)  # frames, width, height
CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))


def compare(clone: Path, clip: Path, count: int, width: int, height: int) -> None:
    """Print it."""
    torch.set_num_threads(1)
    theirs, ours = open_net(clone), STTN().eval()
    values = weights({name: tuple(tensor.shape) for name, tensor in theirs.state_dict().items()})
    fill(theirs, values)
    fill(ours, values)
    resize(theirs, width, height)
    frames, masks = tensors(*_read(clip, count, (width, height)))
    with torch.inference_mode():
        masked = frames * (1 - masks)
        features = theirs.encoder(masked), torch.cat([ours.encode(frame[None]) for frame in masked])
        _report("features", *features)
        shown = [torch.zeros_like(frames), torch.zeros_like(frames)]
        for near, made in _rounds(theirs, ours, features, masks):
            _report(f"frames {near[0]} to {near[-1]}", *made)
            for whole, part in zip(shown, made, strict=True):
                _mix(whole, near, part)
        _report("the clip", *shown)


def _read(clip: Path, count: int, size: tuple[int, int]) -> tuple[list[Image], list[Image]]:
    pictures, holes = [], []
    for path in sorted((clip / "frames").iterdir())[:count]:
        pictures.append(cv2.resize(cv2.imread(str(path)), size)[..., ::-1])
        mask = cv2.imread(str(clip / "masks" / f"{path.stem}.png"), cv2.IMREAD_GRAYSCALE)
        hole = (cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST) > 0).astype(np.uint8)
        holes.append(cv2.dilate(hole, CROSS, iterations=4))
    return pictures, holes


def _rounds(
    theirs: Any, ours: STTN, features: tuple[torch.Tensor, torch.Tensor], masks: torch.Tensor
) -> Iterator[tuple[list[int], tuple[torch.Tensor, torch.Tensor]]]:
    for near, references in rounds(len(masks)):
        order = near + references
        known = complete(theirs, features[0][order], masks[order], len(near))
        yield near, (known, ours.complete(features[1][order], len(near)))


def _mix(shown: torch.Tensor, near: list[int], made: torch.Tensor) -> None:
    for index, picture in zip(near, made, strict=True):
        shown[index] = (shown[index] + picture) / 2 if shown[index].any() else picture


def _report(what: str, known: torch.Tensor, found: torch.Tensor) -> None:
    worst = float((found - known).abs().max() / known.abs().max())
    norm = float((found - known).norm() / known.norm())
    sys.stdout.write(f"{what:20} max {worst:.2e}  norm {norm:.2e}  of values that vary by {float(known.std()):.2f}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    cv2.setNumThreads(1)
    compare(Path(sys.argv[1]), Path(sys.argv[2]), *(tuple(map(int, sys.argv[3:])) or USUAL))

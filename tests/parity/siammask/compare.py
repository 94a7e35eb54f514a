"""Holds our SiamMask against the original's own code on the frames of a real clip, and prints how far they differ.

    python -m tests.parity.siammask.compare CLONE CLIP

with the clone that `original` tells of, and a folder with frames/ and masks/. Both have the seeded weights; they begin
in the box of the first mask. Printed are, for every tensor, the largest difference by the largest value and that of
the norms, the worst of all frames; and for the trackers, each by itself, the differences of score, centre (pixels) and
outline (IoU), the worst of all frames.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from stages.nets.siammask import SiamMask
from stages.segment.spot import SURE, rectangle, slices
from stages.segment.track.siammask import SiamMaskFollower
from tests.parity.siammask.original import fill, open_net, open_tracker
from tests.parity.siammask.seeded import Image, view, weights
from transport.messages import Box

FRAMES = 20
PLACES = ((12, 12), (0, 24), (17, 5))  # row and column of the outlines


def compare(clone: Path, clip: Path) -> None:
    """Print it."""
    torch.set_num_threads(1)
    theirs, ours = open_net(clone), SiamMask().eval()
    values = weights({name: tuple(tensor.shape) for name, tensor in theirs.state_dict().items()})
    fill(theirs, values)
    fill(ours, values)
    frames = [cv2.imread(str(path)) for path in sorted((clip / "frames").iterdir())[:FRAMES]]
    mask = cv2.imread(str(min((clip / "masks").iterdir())), cv2.IMREAD_GRAYSCALE)
    box = cv2.boundingRect((mask >= SURE).astype(np.uint8))
    with torch.inference_mode():
        _report(_answers(theirs, ours, frames, box))
        _report(_runs(theirs, ours, frames, box, clone))


def _report(rows: Iterator[dict[str, float]]) -> None:
    found = list(rows)
    for name in found[0]:
        worst = min if "IoU" in name else max
        sys.stdout.write(f"{name:34} {worst(row[name] for row in found):.3g}  worst of {len(found)}\n")


def _answers(theirs: Any, ours: SiamMask, frames: list[Image], box: tuple[int, ...]) -> Iterator[dict[str, float]]:
    x, y, width, height = box
    exemplar = _tensor(cv2.resize(frames[0][y : y + height, x : x + width], (127, 127)))
    theirs.template(exemplar)
    kernels = ours.template(exemplar)
    _, features = ours.features(exemplar)
    for frame in frames:
        search = _tensor(cv2.resize(frame, (255, 255)))
        scores, boxes, coarse = theirs.track_mask(search)
        answer = ours(kernels, search)
        pairs = {
            "template": (features[:, :, 4:-4, 4:-4], theirs.zf),
            "scores": (answer.scores, scores),
            "boxes": (answer.boxes, boxes),
            "outlines as features": (answer.masks, theirs.corr_feature),
            "coarse outlines": (ours.mask_model.mask.head(answer.masks), coarse),
        }
        for place in PLACES:
            pairs[f"refined outline at {place}"] = (
                ours.refine(answer, 0, *place).flatten()[None],
                theirs.track_refine(place),
            )
        yield {
            f"{name}, {how}": of(*pair) for name, pair in pairs.items() for how, of in (("max", _max), ("norm", _norm))
        }


def _tensor(colours: Any) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(colours))[None].permute(0, 3, 1, 2).float().contiguous()


def _max(one: torch.Tensor, other: torch.Tensor) -> float:
    return float((one - other).abs().max() / other.abs().max())


def _norm(one: torch.Tensor, other: torch.Tensor) -> float:
    return float((one - other).norm() / other.norm())


def _runs(
    theirs: Any, ours: SiamMask, frames: list[Image], box: tuple[int, ...], clone: Path
) -> Iterator[dict[str, float]]:
    init, track, numbers = open_tracker(clone)
    x, y, width, height = box
    state = init(frames[0], np.array([x + width / 2, y + height / 2]), np.array([width, height]), theirs, numbers)
    follower = SiamMaskFollower(ours, view(frames[0]), rectangle(Box(x=x, y=y, width=width, height=height)))
    for seq, frame in enumerate(frames[1:], 1):
        state = track(state, frame, mask_enable=True, refine_enable=True)
        sighting = follower.step(view(frame, seq))
        if sighting.spot is None:
            sys.stdout.write(f"frame {seq}: ours lost it, theirs had a score of {state['score']:.3f}\n")
            return
        outline = np.zeros(frame.shape[:2], bool)
        outline[slices(sighting.spot.box)] = sighting.spot.values >= SURE
        expected = state["mask"] > numbers["seg_thr"]
        place = follower._place
        yield {
            "tracker: score": abs(sighting.confidence - state["score"]),
            "tracker: centre": float(np.hypot(place.x - state["target_pos"][0], place.y - state["target_pos"][1])),
            "tracker: width": abs(place.width - state["target_sz"][0]),
            "tracker: height": abs(place.height - state["target_sz"][1]),
            "tracker: outline, IoU": (outline & expected).sum() / max(1, (outline | expected).sum()),
            "tracker: outline, pixels": float((outline ^ expected).sum()),
        }


if __name__ == "__main__":
    cv2.setNumThreads(1)
    compare(*(Path(argument) for argument in sys.argv[1:3]))

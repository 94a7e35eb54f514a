"""Writes what the original SiamMask answers to seeded weights and pictures, for the tests to hold ours against.

Recipe, in the root of the repository, with the clone that `original` tells of:

    python -m tests.parity.siammask.record CLONE

writes names.txt, the names and shapes of its state dict, and answers.npz: of one exemplar and one search the features
of the former, scores, boxes, one coarse and three refined outlines, in steps that leave some thousand numbers of each;
and of the tracker's run over the seeded clip the boxes, scores and outlines.
"""

import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from tests.parity.siammask.original import fill, open_net, open_tracker
from tests.parity.siammask.seeded import clip, picture, weights

HERE = Path(__file__).parent
PLACES = ((12, 12), (3, 20), (24, 0))  # row and column of the outlines that are kept
STEPS = {"template": 3, "scores": 2, "boxes": 3, "outline": 2}  # every how many numbers of a flat tensor are kept


def record(clone: Path) -> None:
    """Write both files."""
    torch.set_num_threads(1)
    net = open_net(clone)
    shapes = {name: tuple(tensor.shape) for name, tensor in net.state_dict().items()}
    (HERE / "names.txt").write_text("".join(f"{name} {' '.join(map(str, shape))}\n" for name, shape in shapes.items()))
    fill(net, weights(shapes))
    with torch.inference_mode():
        answers = _answers(net) | _run(net, clone)
    np.savez_compressed(HERE / "answers.npz", **answers)


def _answers(net: Any) -> dict[str, NDArray[Any]]:
    net.template(_tensor(picture(3, 127, 127)))
    scores, boxes, coarse = net.track_mask(_tensor(picture(4, 255, 255)))
    kept = {"template": net.zf, "scores": scores, "boxes": boxes, "coarse": coarse[0, :, PLACES[1][0], PLACES[1][1]]}
    kept |= {f"outline{index}": net.track_refine(place) for index, place in enumerate(PLACES)}
    return {name: tensor.numpy().ravel()[:: STEPS.get(name.rstrip("012"), 1)] for name, tensor in kept.items()}


def _tensor(colours: NDArray[np.uint8]) -> torch.Tensor:
    return torch.from_numpy(colours)[None].permute(0, 3, 1, 2).float().contiguous()


def _run(net: Any, clone: Path) -> dict[str, NDArray[Any]]:
    init, track, numbers = open_tracker(clone)
    frames, boxes = clip()
    x, y, width, height = boxes[0]
    state = init(frames[0], np.array([x + width / 2, y + height / 2]), np.array([width, height]), net, numbers)
    places, outlines = [], []
    for frame in frames[1:]:
        state = track(state, frame, mask_enable=True, refine_enable=True)
        places.append((*state["target_pos"], *state["target_sz"], state["score"]))
        outlines.append(np.packbits(state["mask"] > numbers["seg_thr"]))
    return {"places": np.array(places), "outlines": np.array(outlines)}


if __name__ == "__main__":
    cv2.setNumThreads(1)
    record(Path(sys.argv[1]))

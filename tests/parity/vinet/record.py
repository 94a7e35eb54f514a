"""Writes what the original VINet answers to seeded weights and pictures, for the tests to hold ours against.

Recipe, in the root of the repository, with the clone and the stand-ins that `original` tells of:

    python -m tests.parity.vinet.record CLONE STAND_INS

writes names.txt, the names and shapes of its state dict, and answers.npz: of both kinds of weights the run over a clip
of FRAMES pictures, each answer fed back into the next, some numbers of every answer. The pictures are small and no
squares: the original only knows 512 and 256, which `compare` holds ours against.
"""

import sys
import warnings
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tests.parity.vinet.original import fill, open_net, play
from tests.parity.vinet.seeded import clip, weights

HERE = Path(__file__).parent
SIZES = {"512": (64, 96), "256": (32, 64)}  # height and width
STEP = 67  # every how many numbers of a flat answer are kept


def record(clone: Path, stand_ins: Path) -> None:
    """Write both files."""
    torch.set_num_threads(1)
    answers = {kind: _run(clone, stand_ins, kind) for kind in SIZES}
    np.savez_compressed(HERE / "answers.npz", **answers)  # type: ignore[arg-type]


def _run(clone: Path, stand_ins: Path, kind: str) -> NDArray[np.float32]:
    height, width = SIZES[kind]
    net = open_net(clone, stand_ins, double=kind == "512", height=height, width=width)
    shapes = {name: tuple(tensor.shape) for name, tensor in net.state_dict().items()}
    (HERE / "names.txt").write_text("".join(f"{name} {' '.join(map(str, shape))}\n" for name, shape in shapes.items()))
    fill(net, weights(shapes))
    with torch.inference_mode():
        return np.stack([kept(answer) for answer in play(net, *clip(height, width))])


def kept(answer: Tensor) -> NDArray[np.float32]:
    """Return the numbers of an answer that are kept."""
    numbers: NDArray[np.float32] = answer.flatten()[::STEP].numpy()
    return numbers


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    record(*(Path(argument) for argument in sys.argv[1:3]))

"""Writes what the original STTN answers to seeded weights and pictures, for the tests to hold ours against.

Recipe, in the root of the repository, with the clone that `original` tells of:

    python -m tests.parity.sttn.record CLONE

writes names.txt, the names and shapes of its state dict, and answers.npz: of the seeded clip, whose size is not the
trained one, samples of the features and of the WANTED pictures.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tests.parity.sttn.original import complete, fill, open_net, resize
from tests.parity.sttn.seeded import HEIGHT, WANTED, WIDTH, Image, Numbers, clip, weights

HERE = Path(__file__).parent
STEP = 29  # every how many numbers of the features are kept


def record(clone: Path) -> None:
    """Write both files."""
    torch.set_num_threads(1)
    net = open_net(clone)
    shapes = {name: tuple(tensor.shape) for name, tensor in net.state_dict().items()}
    (HERE / "names.txt").write_text("".join(f"{name} {' '.join(map(str, shape))}\n" for name, shape in shapes.items()))
    fill(net, weights(shapes))
    resize(net, WIDTH, HEIGHT)
    with torch.inference_mode():
        np.savez_compressed(HERE / "answers.npz", **_answers(net))


def _answers(net: Any) -> dict[str, Numbers]:
    frames, masks = tensors(*clip())
    features = net.encoder(frames * (1 - masks))
    made = complete(net, features, masks, WANTED)
    return {"features": features.numpy().ravel()[::STEP], "made": made.numpy()}


def tensors(pictures: list[Image], holes: list[Image]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return (T, 3, H, W) pictures in [-1, 1] and (T, 1, H, W) holes, 1 where they are."""
    colours = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1
    return colours, torch.from_numpy(np.stack(holes))[:, None].float()


if __name__ == "__main__":
    record(Path(sys.argv[1]))
